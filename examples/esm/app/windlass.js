// The options that every bundler here has. Paths are relative to the working directory.
export const options = { imports: { "demo:greet/host": "./src/host.js" } };
