// Small comforts. Every page works without this file.
"use strict";

// A page that comes back from the browser's memory may show somebody who has signed out since: ask the server.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.documentElement.style.visibility = "hidden";
  // Not a reload, which would offer to send a form again; without the fragment, so that the page is fetched.
  location.replace(location.pathname + location.search);
});

// "Show" and "Hide" beside password fields, in the words of the page.
for (const button of document.querySelectorAll("button[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  const word = button.querySelector("[data-word]");
  if (!input || !word) continue;
  const words = { shown: button.dataset.hide, hidden: word.textContent };
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    word.textContent = shown ? words.shown : words.hidden;
  };
  button.hidden = false;
  button.addEventListener("click", () => show(input.type === "password"));
  // Sent as a password again, so that browsers do not remember it as ordinary text.
  input.form?.addEventListener("submit", () => show(false));
}

// "Go back" on error pages, where there is somewhere to go back to.
for (const button of document.querySelectorAll("button[data-back]")) {
  if (history.length < 2) continue;
  button.hidden = false;
  button.addEventListener("click", () => history.back());
}
