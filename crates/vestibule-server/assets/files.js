// Uploads with their progress, piece by piece, so that they go on where a connection broke off.
// Without this file the form sends one file as it is.
"use strict";

const form = document.querySelector("form[data-upload]");
const list = document.querySelector("[data-uploading]");
const news = document.querySelector("[data-upload-news]");
if (form && list && news) {
  const input = form.elements.file;
  // Of the session that the page was made for. It is replaced if somebody has signed in anew meanwhile.
  let csrf = form.elements.csrf_token.value;
  // What is lost with a connection is one piece.
  const PIECE = 1024 * 1024;
  const WAITS = [1, 2, 4, 8, 15];
  const queue = [];
  let isBusy = false;
  let hasNew = false;

  // What is said stands on the page, in its language.
  const say = (text, values = {}) => text.replace(/\{(\w+)\}/g, (mark, name) => values[name] ?? mark);
  const texts = form.dataset;

  const words = (bytes) => {
    if (bytes < 1024) return say(texts.bytes, { count: bytes });
    const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    for (; bytes >= 1024 && unit < units.length - 1; unit += 1) bytes /= 1024;
    const number = bytes >= 100 || Number.isInteger(bytes) ? String(Math.floor(bytes)) : bytes.toFixed(1);
    return `${number.replace(".", texts.decimal)} ${units[unit]}`;
  };

  // A refusal in the words of the page, if it has some for it.
  const fault = (code, facts) => {
    const text = document.querySelector(`[data-faults] [data-code="${CSS.escape(code ?? "")}"]`);
    if (!text) return null;
    const values = { ...facts };
    for (const [name, fact] of Object.entries(facts ?? {})) values[`${name}_size`] = words(Number(fact));
    return say(text.textContent, values);
  };

  class Refused extends Error {}
  class Cancelled extends Error {}

  // One request, with the progress of what is sent. Rejects where no answer comes.
  const send = (job, method, path, headers, body, onProgress) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      job.request = request;
      request.open(method, path);
      request.responseType = "json";
      request.timeout = 60000;
      request.setRequestHeader("X-CSRF-TOKEN", csrf);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      if (onProgress) request.upload.addEventListener("progress", (event) => onProgress(event.loaded));
      request.addEventListener("load", () => resolve(request));
      for (const event of ["error", "timeout"]) request.addEventListener(event, () => reject(new Error(event)));
      request.addEventListener("abort", () => reject(new Cancelled()));
      request.send(body);
    });

  const isOutdated = (answer) => answer.status === 403 && answer.response?.code === "csrf_failed";

  const cookie = (name) =>
    document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);

  // The value of the present session, which another tab may have begun. Another person's session is not for these files.
  const readCsrf = async (job) => {
    const answer = await send(job, "GET", "/api/auth/me", {}, null);
    if (answer.status === 401) throw new Refused(texts.signIn);
    if (answer.status !== 200) throw new Refused(texts.refused);
    const { user } = answer.response;
    if (String(user.id) !== texts.user) throw new Refused(say(texts.otherUser, { name: user.username }));
    csrf = cookie(texts.csrfCookie) ?? csrf;
  };

  const pause = (job, seconds) =>
    new Promise((resolve, reject) => {
      const end = () => {
        window.removeEventListener("online", end);
        clearTimeout(timer);
        job.cancelWait = null;
        if (job.isCancelled) reject(new Cancelled());
        else resolve();
      };
      const timer = setTimeout(end, seconds * 1000);
      window.addEventListener("online", end);
      job.cancelWait = end;
    });

  // Sends until an answer comes that says something about the upload.
  const ask = async (job, method, path, headers, body, onProgress) => {
    for (let failures = 0; ; failures += 1) {
      if (job.isCancelled) throw new Cancelled();
      let wait = WAITS[Math.min(failures, WAITS.length - 1)];
      try {
        const answer = await send(job, method, path, headers, body, onProgress);
        if (isOutdated(answer) && !job.hasNewCsrf) {
          job.hasNewCsrf = true;
          await readCsrf(job);
          continue;
        }
        if (answer.status !== 429 && answer.status !== 503 && answer.status !== 500) return answer;
        wait = Math.max(wait, Number(answer.getResponseHeader("Retry-After")) || 0);
      } catch (error) {
        if (error instanceof Cancelled || error instanceof Refused) throw error;
        // Part of the piece may have arrived: ask before it is sent again.
        if (method === "PATCH") {
          job.say(texts.lost);
          await pause(job, wait);
          return null;
        }
      }
      job.say(texts.lost);
      await pause(job, wait);
    }
  };

  const check = (answer) => {
    if (answer.status < 400) return answer;
    const problem = answer.response || {};
    if (answer.status === 401) throw new Refused(texts.signIn);
    const field = problem.errors && problem.errors[0];
    const said = field ? fault(field.code, field.facts) : fault(problem.reason, problem.facts);
    // What the server says beside that is for programs.
    throw new Refused(said || (isOutdated(answer) ? texts.outdated : texts.refused));
  };

  // An upload that was begun before the page was left goes on with the same file. A browser may keep nothing: then it
  // begins anew.
  const memory = (file) => `upload ${file.name} ${file.size} ${file.lastModified}`;
  const tryMemory = (act) => {
    try {
      return act(localStorage);
    } catch {
      return null;
    }
  };
  const recall = (file) => tryMemory((kept) => kept.getItem(memory(file)));
  const remember = (file, path) => tryMemory((kept) => kept.setItem(memory(file), path));
  const forget = (file) => tryMemory((kept) => kept.removeItem(memory(file)));

  const begin = async (job) => {
    const { file } = job;
    const known = recall(file);
    if (known) {
      const answer = await ask(job, "GET", known, {}, null);
      if (answer.status === 200) return [known, answer.response];
      forget(file);
    }
    const body = JSON.stringify({ name: file.name, size: file.size });
    const answer = check(await ask(job, "POST", "/api/files/uploads", { "Content-Type": "application/json" }, body));
    const path = `/api/files/uploads/${answer.response.upload.id}`;
    remember(file, path);
    return [path, answer.response];
  };

  const upload = async (job) => {
    const { file } = job;
    let [path, state] = await begin(job);
    job.path = path;
    while (!state.file) {
      const { offset } = state.upload;
      const piece = file.slice(offset, Math.min(offset + PIECE, file.size));
      job.show(offset);
      const headers = { "Upload-Offset": String(offset), "Content-Type": "application/octet-stream" };
      let answer = await ask(job, "PATCH", path, headers, piece, (sent) => job.show(offset + sent));
      if (!answer || answer.status === 409) answer = await ask(job, "GET", path, {}, null);
      state = check(answer).response;
    }
    forget(file);
  };

  const item = (job) => {
    const row = document.createElement("li");
    row.className = "card";
    const name = document.createElement("span");
    name.className = "uploading-name";
    name.textContent = job.file.name;
    const bar = document.createElement("progress");
    bar.max = Math.max(job.file.size, 1);
    bar.value = 0;
    bar.setAttribute("aria-label", job.file.name);
    const state = document.createElement("span");
    state.className = "uploading-state";
    state.textContent = texts.waiting;
    const stop = document.createElement("button");
    stop.type = "button";
    stop.className = "button button-quiet";
    stop.textContent = texts.cancel;
    stop.addEventListener("click", () => job.act());
    row.append(name, bar, state, stop);
    list.append(row);
    list.hidden = false;
    job.say = (text) => { state.textContent = text; };
    job.show = (sent) => {
      bar.value = Math.min(sent, job.file.size);
      job.say(say(texts.progress, { sent: words(bar.value), size: words(job.file.size) }));
    };
    const dismiss = () => {
      row.remove();
      list.hidden = list.children.length === 0;
      settle();
    };
    job.fail = (text, mayTryAgain) => {
      state.classList.add("uploading-bad");
      job.say(text);
      news.textContent = `${job.file.name}: ${text}`;
      stop.textContent = mayTryAgain ? texts.again : texts.dismiss;
      job.act = mayTryAgain ? job.again : dismiss;
    };
    job.again = () => {
      job.hasNewCsrf = false;
      state.classList.remove("uploading-bad");
      stop.textContent = texts.cancel;
      job.act = job.cancel;
      queue.push(job);
      work();
    };
    job.cancel = () => {
      job.isCancelled = true;
      if (job.cancelWait) job.cancelWait();
      if (job.request) job.request.abort();
      forget(job.file);
      if (job.path) send({}, "DELETE", job.path, {}, null).catch(() => {});
      dismiss();
    };
    job.act = job.cancel;
    job.end = () => {
      bar.value = bar.max;
      job.say(texts.stored);
      stop.hidden = true;
      news.textContent = say(texts.storedNews, { name: job.file.name });
    };
  };

  const work = async () => {
    if (isBusy) return;
    isBusy = true;
    for (let job = queue.shift(); job; job = queue.shift()) {
      if (job.isCancelled) continue;
      try {
        await upload(job);
        job.end();
        hasNew = true;
      } catch (error) {
        if (error instanceof Refused) job.fail(error.message, false);
        else if (!(error instanceof Cancelled)) job.fail(texts.failed, true);
      }
    }
    isBusy = false;
    settle();
  };

  // The list of files is the server's to write. What has failed stays to be read first.
  const settle = () => {
    if (hasNew && !isBusy && !list.querySelector(".uploading-bad")) location.assign("/uploads");
  };

  const add = (files) => {
    for (const file of files) {
      const job = { file };
      item(job);
      if (file.size > Number(form.dataset.maxBytes)) {
        job.fail(texts.tooLarge, false);
      } else {
        queue.push(job);
      }
    }
    work();
  };

  input.multiple = true;
  input.required = false;
  // A file is sent as soon as it is chosen.
  form.querySelector(".actions").hidden = true;
  form.querySelector("[data-drop-hint]").hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      form.classList.add("upload-over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    form.addEventListener(name, () => form.classList.remove("upload-over"));
  }
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  window.addEventListener("beforeunload", (event) => {
    if (isBusy) event.preventDefault();
  });
}
