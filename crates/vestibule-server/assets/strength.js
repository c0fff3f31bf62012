// Says beside a new password how hard it is to guess, rather too little than too much. Nothing leaves the page, and
// the server alone judges: only what it surely refuses is said to be refused.
"use strict";

(() => {
  // What guesses begin with: words of leaked passwords, without their endings.
  const COMMON = (
    "password passwort administrator admin letmein welcome willkommen monkey dragon master shadow " +
    "football baseball soccer hockey superman batman pokemon starwars iloveyou trustno whatever changeme default " +
    "secret geheim hallo hello freedom computer internet jordan michael jennifer ashley daniel thomas charlie " +
    "summer winter spring autumn sommer january february august september october november " +
    "december monday tuesday wednesday thursday friday saturday sunday chelsea arsenal " +
    "cookie chocolate banana orange flower butterfly family forever friends money love test guest user login access"
  ).split(" ");
  const ROWS = [
    "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p",
    "abcdefghijklmnopqrstuvwxyz", "01234567890123456789",
  ];
  const ALL_ROWS = ROWS.concat(ROWS.map((row) => [...row].reverse().join("")));
  const LOOKALIKES = { 0: "o", 1: "i", 3: "e", 4: "a", 5: "s", 7: "t", "@": "a", $: "s", "!": "i" };

  // As the server compares names: without regard to case and width.
  const fold = (text) => text.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");

  // The part of a name that the password holds, if any; the server refuses it.
  const holds = (password, name) => {
    const has = (word, least) => [...fold(word)].length >= least && fold(password).includes(fold(word));
    const parts = name.trim().split(/\s+/);
    if (has(name.trim(), 3) || has(parts.join(""), 3)) return name.trim();
    return parts.length > 1 ? parts.find((part) => has(part, 4)) : undefined;
  };

  // How long neighbours on a keyboard or in the alphabet follow each other from here.
  const run = (text, at) => {
    let longest = 0;
    for (const row of ALL_ROWS) {
      for (let from = row.indexOf(text[at]); from >= 0; from = row.indexOf(text[at], from + 1)) {
        let length = 1;
        while (at + length < text.length && text[at + length] === row[from + length]) length += 1;
        longest = Math.max(longest, length);
      }
    }
    return longest;
  };

  // How long a piece that stood right before is said again.
  const again = (text, at) => {
    for (let length = Math.min(at, text.length - at); length > 0; length -= 1) {
      if (text.startsWith(text.slice(at - length, at), at)) return length;
    }
    return 0;
  };

  // Words are guessed as words, and only a jumble by its letters.
  const plain = (piece) => {
    let bits = 0;
    for (const part of piece.split(/([\s\-_.,:;/+]+)/).filter(Boolean)) {
      const letters = [...part].length;
      const word = /^(\p{Lu}?\p{Ll}+|\p{Lu}+)([^\p{L}]{0,3})$/u.exec(part);
      if (/^[\s\-_.,:;/+]+$/.test(part)) bits += 1;
      else if (/^\d+$/.test(part)) bits += 2.5 * letters;
      else if (/^\p{Lo}+$/u.test(part)) bits += 6 * letters;
      else if (word) bits += 2.3 * Math.min(word[1].length, 4) + 1.2 * Math.max(word[1].length - 4, 0) + 2.5 * word[2].length;
      else bits += 4 * letters;
    }
    return bits;
  };

  // About how many times the guesses double before it is found.
  const bits = (password) => {
    const typed = [...password].slice(0, 128).join("");
    const text = fold(typed);
    const read = [...text].map((sign) => LOOKALIKES[sign] ?? sign).join("");
    // Where folding changes the length, case counts for nothing.
    const shown = typed.length === text.length ? typed : text;
    let [sum, piece] = [0, ""];
    for (let at = 0; at < text.length; ) {
      const word = COMMON.filter((common) => text.startsWith(common, at) || read.startsWith(common, at))
        .reduce((longest, common) => Math.max(longest, common.length), 0);
      const row = run(text, at);
      const year = /^(19|20)\d\d/.test(text.slice(at)) ? 4 : 0;
      const repeat = again(text, at);
      const found = [[word, 8], [row > 2 ? row : 0, 5], [year, 6], [repeat > 1 || text[at] === text[at - 2] ? repeat : 0, 1]]
        .reduce((best, next) => (next[0] > best[0] || (next[0] === best[0] && next[1] < best[1]) ? next : best), [0, 0]);
      if (found[0]) {
        sum += plain(piece) + found[1];
        piece = "";
        at += found[0];
      } else {
        piece += shown[at];
        at += 1;
      }
    }
    return sum + plain(piece);
  };

  // Which of four steps it reaches, and in which words.
  const judge = (password, box, names) => {
    const missing = Number(box.dataset.min) - [...password.normalize("NFC")].length;
    const say = (key, value) => box.dataset[key].replace("{}", value);
    const name = names.map((known) => known && holds(password, known)).find(Boolean);
    if (!password) return [0, ""];
    if (name) return [0, say("holds", name)];
    if (missing > 0) return [0, say("short", missing)];
    const sum = bits(password);
    const level = 1 + [25, 42, 60].filter((step) => sum >= step).length;
    return [level, say(["easy", "fair", "good", "strong"][level - 1])];
  };

  for (const box of document.querySelectorAll("[data-strength]")) {
    const input = document.getElementById(box.dataset.strength);
    const words = box.querySelector("p");
    const form = input?.form;
    if (!form || !words) continue;
    const names = () => [
      form.querySelector("[autocomplete=username]")?.value ?? "",
      (form.querySelector("[autocomplete=email]")?.value ?? "").split("@")[0],
      ...box.dataset.known.split("\n"),
    ];
    let timer;
    const look = () => {
      const [level, text] = judge(input.value, box, names());
      box.dataset.level = level;
      // Said when the typing rests, and once: a voice is no ticker.
      clearTimeout(timer);
      timer = setTimeout(() => { if (words.textContent !== text) words.textContent = text; }, 500);
    };
    form.addEventListener("input", look);
    box.hidden = false;
  }
})();
