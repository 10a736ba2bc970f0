// SPDX-License-Identifier: MIT
// What a page cannot do without a script: copy buttons, the double tap, password reveal, and the dialog over the open page.
(() => {
  "use strict";

  const texts = document.body.dataset;
  document.documentElement.classList.add("js");

  // Copy buttons: data-copy names the field.

  const announcer = document.createElement("p");
  announcer.className = "unseen";
  announcer.setAttribute("role", "status");
  document.body.append(announcer);

  const copy = async (field) => {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      field.select(); // no clipboard outside https and without permission: the old way
      return document.execCommand("copy");
    }
    return true;
  };

  const confirmCopy = (button) => {
    const label = [...button.childNodes];
    button.disabled = false;
    button.replaceChildren(button.dataset.copied || texts.copied);
    announcer.textContent = texts.copied;
    setTimeout(() => {
      button.replaceChildren(...label);
      announcer.textContent = "";
      delete button.dataset.busy;
    }, 2000);
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      if (!field || button.dataset.busy) return;
      button.dataset.busy = "yes";
      if (await copy(field)) confirmCopy(button);
      else delete button.dataset.busy;
    });
  }

  // Double tap: data-double-tap is a link into an app. A mouse sends dblclick, a finger two clicks at most 400 ms apart.

  const appLink = /^(?!https?:|javascript:|data:)[a-z][a-z0-9+.-]*:/;

  for (const target of document.querySelectorAll("[data-double-tap]")) {
    let lastTap = -Infinity;
    let opened = -Infinity;
    const open = (now) => {
      if (now - opened < 1000 || !appLink.test(target.dataset.doubleTap)) return;
      opened = now;
      window.location.assign(target.dataset.doubleTap);
    };
    target.addEventListener("dblclick", (event) => open(event.timeStamp));
    target.addEventListener("click", (event) => {
      if (event.timeStamp - lastTap <= 400) open(event.timeStamp);
      lastTap = event.timeStamp;
    });
  }

  // Reveal: every password field gets a button; sending the form hides the password again.

  for (const field of document.querySelectorAll(".control > input[type=password]")) {
    const button = document.createElement("button");
    const show = (visible) => {
      field.type = visible ? "text" : "password";
      button.textContent = visible ? texts.hide : texts.show;
      button.setAttribute("aria-pressed", String(visible));
    };
    button.type = "button";
    button.className = "reveal";
    button.setAttribute("aria-label", texts.showPassword);
    button.addEventListener("click", () => show(field.type === "password"));
    field.form?.addEventListener("submit", () => show(false));
    field.after(button);
    show(false);
  }

  // The user menu closes like a menu.

  const menu = document.querySelector(".user-menu");
  document.addEventListener("click", (event) => {
    if (menu?.open && !menu.contains(event.target)) menu.open = false;
  });
  menu?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // The dialog over the open page. The session locks when idle; the page asks for its state, and the password alone
  // unlocks it. What was typed stays, and a form that was being sent is sent afterwards.

  const dialog = document.getElementById("unlock");
  if (!dialog) return;

  const form = dialog.querySelector("form");
  const password = form.elements.password;
  const problem = document.getElementById("unlock-error");
  const submitButton = form.querySelector("[type=submit]");
  let lockTime = Infinity; // when the session is expected to lock, in milliseconds
  let timer = 0;
  let held = null; // the form that waits for the session, and its button
  let released = null; // the form that passes without another question
  let locked = false;
  let asking = false;
  let unlocks = 0; // an answer that was asked for before an attempt to unlock is stale after it

  const arm = (seconds) => {
    clearTimeout(timer);
    lockTime = typeof seconds === "number" ? Date.now() + seconds * 1000 : Infinity;
    if (lockTime < Infinity) timer = setTimeout(check, Math.min(seconds * 1000 + 250, 2 ** 31 - 1));
  };

  const lock = () => {
    if (locked) return;
    locked = true;
    explain("");
    dialog.showModal();
    password.focus();
  };

  const unlock = (seconds) => {
    arm(seconds);
    if (locked) {
      locked = false;
      password.value = "";
      dialog.close(); // the focus goes back to where it was
    }
    release();
  };

  const release = () => {
    if (!held) return;
    const { target, button } = held;
    held = null;
    released = target;
    target.requestSubmit(button);
    released = null;
  };

  const end = () => {
    clearTimeout(timer);
    locked = false;
    held = null;
    const ended = document.getElementById("ended").content.cloneNode(true);
    document.title = ended.querySelector("h1").textContent;
    document.body.className = "outside";
    document.body.replaceChildren(ended);
    document.body.querySelector("a").focus();
  };

  const explain = (message) => {
    problem.textContent = message;
    problem.hidden = !message;
    password.setAttribute("aria-invalid", String(Boolean(message)));
  };

  const follow = (session) => {
    if (session.state === "none" || (session.user && session.user !== dialog.dataset.user)) end();
    else if (session.state === "locked") lock();
    else unlock(session.lock_in);
  };

  const check = async () => {
    if (asking) return;
    asking = true;
    const before = unlocks;
    try {
      const answer = await fetch("/session", { credentials: "same-origin", cache: "no-store", headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const session = await answer.json();
      if (before === unlocks) follow(session);
    } catch {
      arm(30); // the server is away: ask again, and let a waiting form find out by itself
      release();
    } finally {
      asking = false;
    }
  };

  const askPassword = async () => {
    const body = new URLSearchParams(new FormData(form));
    submitButton.setAttribute("aria-busy", "true");
    unlocks += 1;
    try {
      const answer = await fetch(form.action, {
        method: "POST", body, credentials: "same-origin", cache: "no-store", headers: { Accept: "application/json" },
      });
      const session = await answer.json();
      if (answer.ok && session.state === "active") return unlock(session.lock_in);
      if (session.state === "none") return end();
      explain(session.message || dialog.dataset.failed);
    } catch {
      explain(dialog.dataset.failed);
    } finally {
      submitButton.removeAttribute("aria-busy");
    }
    password.value = "";
    password.focus();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!submitButton.hasAttribute("aria-busy")) askPassword();
  });

  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => {
    if (locked) dialog.showModal(); // a browser may close it on the second Escape
  });

  document.addEventListener("submit", (event) => {
    const target = event.target;
    if (target === form || target === released || target.matches("[data-unheld]") || Date.now() < lockTime) return;
    event.preventDefault();
    event.stopPropagation();
    held = { target, button: event.submitter };
    check();
  }, true);

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") check();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) check();
  });

  const { lockSeconds } = texts;
  arm(lockSeconds ? Number(lockSeconds) : null);
})();
