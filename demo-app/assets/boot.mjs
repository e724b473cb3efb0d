// Shows how the app is loading, and says so if it can't.
export default function boot() {
  const progress = document.getElementById("boot-progress");
  const words = document.getElementById("boot-words");
  const trouble = document.getElementById("boot-trouble");
  return {
    onProgress: ({ current, total }) => {
      if (!progress.isConnected || !total) return;
      progress.max = total;
      // A compressed transfer may count differently: never beyond the end, never back.
      progress.value = Math.max(progress.value, Math.min(current, total));
    },
    onFailure: (error) => {
      console.error("rejoin could not start:", error);
      if (!trouble.isConnected) {
        document.getElementById("stopped").hidden = false;
        return;
      }
      progress.hidden = true;
      words.textContent = "Not started";
      trouble.hidden = false;
    },
  };
}
