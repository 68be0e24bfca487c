// The page asks; the component answers in the service worker, and nothing goes over the network.
const controlled = new Promise((resolve) => {
  navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
});
await navigator.serviceWorker.register("./service_worker.js", { type: "module" });
if (navigator.serviceWorker.controller === null) await controlled;
const response = await fetch("/echo", { method: "POST", body: "Hello, service worker!" });
document.querySelector("output").textContent = await response.text();
