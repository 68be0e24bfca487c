// What a bench ran on, for its document.

/** The processor's name, its cores and the load, as texts. */
export async function machine(): Promise<string[]> {
  const script = "grep -m1 'model name' /proc/cpuinfo | cut -d: -f2; nproc; cut -d' ' -f1 /proc/loadavg";
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.trim());
}
