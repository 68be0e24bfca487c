// A worker's messages are heard from when its module has run, which waits for the component: it says
// when it is there.
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.addEventListener("message", ({ data }) => {
  if (data === "ready") worker.postMessage("worker");
  else document.querySelector("output").textContent = data;
});
