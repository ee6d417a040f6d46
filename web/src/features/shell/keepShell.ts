/** Keep the app's shell at hand where the browser lets a page do so; the app is whole without it. */
export function keepShell(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  addEventListener("load", () => {
    navigator.serviceWorker.register("/sw.js").catch((reason: unknown) => {
      console.info("the shell is not kept on this device:", reason);
    });
  });
}
