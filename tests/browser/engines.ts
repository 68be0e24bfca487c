// The browsers, from Debian, as far as a test needs them: started with a URL, ended by their
// process group. Pages post what they found.

/** A browser that can be tried. */
export interface Engine {
  /** Where it is, if it is installed. */
  find(): string | undefined;
  /** The command that opens a page with an empty profile. */
  command(path: string, profile: string, url: string): readonly string[];
  /** Environment variables that it needs besides. */
  readonly env?: Readonly<Record<string, string>>;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const webkit = ["4.1", "6.0", "4.0"].map((version) => `/usr/lib/x86_64-linux-gnu/webkit2gtk-${version}/MiniBrowser`);

/** By the names that `deno task test:browser` takes. */
export const ENGINES: Readonly<Record<string, Engine>> = {
  chromium: {
    find: () => [Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium"].find(exists),
    command: (path, profile, url) => [
      path,
      "--headless=new",
      `--user-data-dir=${profile}`,
      ...CHROMIUM_FLAGS,
      url,
    ],
  },
  firefox: {
    find: () => [Deno.env.get("FIREFOX") ?? "/usr/bin/firefox-esr"].find(exists),
    command: (path, profile, url) => {
      const prefs = Object.entries(FIREFOX_PREFS).map(([name, value]) =>
        `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
      );
      Deno.writeTextFileSync(`${profile}/user.js`, prefs.join(""));
      return [path, "--headless", "--no-remote", "--profile", profile, url];
    },
  },
  webkit: {
    find: () => [Deno.env.get("WEBKIT") ?? "", ...webkit].find(exists),
    // It has no headless mode.
    command: (path, _profile, url) => ["xvfb-run", "--auto-servernum", path, "--private", url],
    // It has few places for memories that are checked by page faults, and collects garbage for each
    // memory beyond them: the tests, which make thousands, would take five times as long.
    // Nor has it more than the 65,530 mappings that Linux gives a process, which ends without (an
    // assertion in its allocation of memories fails, and nothing more is heard):
    // where it thinks that the machine is small it collects earlier (60,000 of them become 37,000).
    env: { JSC_useWasmFastMemory: "0", JSC_forceRAMSize: "500000000" },
  },
};

/** No sandbox, since CI runs as root; and nothing of its own over the network. */
export const CHROMIUM_FLAGS: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-sync",
  "--no-first-run",
];

/** Nothing of its own over the network, and no limit on how long a script may run. */
const FIREFOX_PREFS: Readonly<Record<string, boolean | number | string>> = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.safebrowsing.downloads.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.max_script_run_time": 0,
  "dom.min_background_timeout_value": 4,
  "extensions.getAddons.cache.enabled": false,
  "media.gmp-manager.updateEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

/** Ends those that run, if this process is told to end: they are in groups of their own. */
const running = new Set<(signal: Deno.Signal) => void>();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(name, () => {
    for (const signal of running) signal("SIGKILL");
    Deno.exit(1);
  });
}

/** Starts a browser; gives what ends it. */
export async function start(engine: Engine, path: string, url: string): Promise<() => Promise<void>> {
  const profile = await Deno.makeTempDir({ prefix: "windlass-browser-" });
  const [name = "", ...args] = engine.command(path, profile, url);
  // Detached: the leader of a process group, which ends as one, since browsers have many processes.
  const child = new Deno.Command(name, {
    args,
    detached: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    env: {
      ...engine.env,
      HOME: profile,
      XDG_CACHE_HOME: profile,
      XDG_CONFIG_HOME: profile,
      XDG_DATA_HOME: profile,
    },
  }).spawn();
  const ended = child.status;
  const signal = (name: Deno.Signal): void => {
    try {
      Deno.kill(-child.pid, name);
    } catch {
      // It has ended.
    }
  };
  running.add(signal);
  return async () => {
    signal("SIGTERM");
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([ended, new Promise((resolve) => timer = setTimeout(resolve, 3000))]);
    clearTimeout(timer);
    signal("SIGKILL");
    running.delete(signal);
    await ended;
    await Deno.remove(profile, { recursive: true }).catch(() => {});
  };
}
