// Where the sources are, for what is made of them: the package and the site.

/** A placeholder, after the scope's name: whoever publishes confirms it or changes it here. */
export const REPOSITORY = "https://github.com/windlass-wasm/windlass";
