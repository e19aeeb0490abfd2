// <resilient-form target="#id" reset> around one form: what is typed is saved once, also over a broken line.
// One Idempotency-Key per content: kept over retries, new after a definite answer. Without scripts it is a plain form.
// Answers: 2xx with Location → goes there; 2xx with HTML → into `target`; problem+json → fields and live region;
// 409 with HTML (macro merge) → both versions side by side; no network, 502 503 504 → waits and tries again.
// Events: form:saved {status}, form:refused {problem}, form:waiting.
import { text } from "./texts.js";
import { clearFaults, showFaults, showMerge } from "./form-faults.js";

const RETRY_MS = [1000, 2000, 4000, 5000];
const AWAY = new Set([502, 503, 504]);

class ResilientForm extends HTMLElement {
  #attempt = null;
  #timer;

  connectedCallback() {
    this.addEventListener("submit", (event) => this.#submit(event));
    document.body.addEventListener("live:up", this.#again);
    window.addEventListener("online", this.#again);
    window.addEventListener("beforeunload", this.#hold);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    document.body.removeEventListener("live:up", this.#again);
    window.removeEventListener("online", this.#again);
    window.removeEventListener("beforeunload", this.#hold);
  }

  #hold = (event) => {
    if (this.#attempt) event.preventDefault();
  };

  #again = () => {
    if (this.#attempt && this.dataset.state === "waiting") this.#send();
  };

  #submit(event) {
    const form = event.target;
    if (event.submitter?.formMethod === "dialog" || form.method === "dialog") return;
    event.preventDefault();
    if (this.#attempt) return this.#again();
    clearFaults(form);
    this.#attempt = {
      form,
      url: event.submitter?.hasAttribute("formaction") ? event.submitter.formAction : form.action,
      body: bodyOf(form, event.submitter),
      key: crypto.randomUUID(),
      tries: 0,
    };
    this.#send();
  }

  async #send() {
    clearTimeout(this.#timer);
    const { form, url, body, key } = this.#attempt;
    this.#say("saving", text("saving"));
    hold(form, true);
    let response;
    try {
      response = await fetch(url, {
        method: "POST", body, credentials: "same-origin",
        headers: {
          "Idempotency-Key": key, "X-Form-Token": tokenOf(form), "HX-Request": "true", Accept: "application/problem+json",
        },
      });
    } catch {
      return this.#wait(text("waiting"));
    }
    await this.#receive(response);
  }

  async #receive(response) {
    if (AWAY.has(response.status)) return this.#wait(text("waiting"));
    if (response.status === 429) return this.#wait(text("busy"), Number(response.headers.get("Retry-After") ?? 1) * 1000);
    const { form } = this.#attempt;
    this.#attempt = null;
    hold(form, false);
    if (response.ok) return this.#saved(form, response);
    return this.#refused(form, response);
  }

  #wait(message, delay) {
    const { tries } = this.#attempt;
    this.#attempt.tries += 1;
    this.#say("waiting", message);
    if (tries === 0) this.dispatchEvent(new CustomEvent("form:waiting", { bubbles: true }));
    this.#timer = setTimeout(() => this.#again(), delay ?? RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
  }

  async #saved(form, response) {
    this.#say("saved", text("saved"));
    const place = response.redirected ? response.url : response.headers.get("Location");
    const target = this.hasAttribute("target") ? document.querySelector(this.getAttribute("target")) : null;
    if (!target && place) return window.location.assign(place);
    if (target && isHtml(response)) {
      target.innerHTML = await response.text();
      window.htmx?.process(target);
    }
    if (this.hasAttribute("reset")) form.reset();
    this.dispatchEvent(new CustomEvent("form:saved", { bubbles: true, detail: { status: response.status } }));
    return undefined;
  }

  async #refused(form, response) {
    if (isHtml(response)) {
      this.#say("refused", text("refused"));
      return showMerge(form, await response.text());
    }
    const problem = await response.json().catch(() => ({}));
    const title = response.status === 401 ? text("ended_form") : problem.title ?? text("refused");
    const left = showFaults(form, problem.errors ?? []);
    this.#say("refused", [problem.errors?.length ? text("correct") : title, ...left].join(" "));
    this.dispatchEvent(new CustomEvent("form:refused", { bubbles: true, detail: { problem } }));
    return undefined;
  }

  #say(state, message) {
    this.dataset.state = state;
    const line = this.querySelector("[data-form-state]");
    if (line) line.textContent = message;
  }
}

function bodyOf(form, submitter) {
  const data = new FormData(form, submitter);
  return form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
}

function tokenOf(form) {
  return form.elements.form_token?.value ?? document.querySelector('meta[name="form-token"]')?.content ?? "";
}

// While an attempt is under way its text must not change under it; the focus stays where it is.
function hold(form, held) {
  form.toggleAttribute("aria-busy", held);
  for (const field of form.elements) if ("readOnly" in field) field.readOnly = held;
}

const isHtml = (response) => (response.headers.get("Content-Type") ?? "").includes("text/html");

customElements.define("resilient-form", ResilientForm);
