// The composer: the field where one types, what was typed before, and completion. It sends nothing by itself.

import { Completion } from "./completion.js";

/** How many lines that were sent are kept, for the arrow keys. */
const SENT_MAX = 100;
/** How high the field grows, in pixels. */
const HEIGHT_MAX_PX = 160;

export class Composer {
  #field;
  #events;
  #completion = new Completion();
  #sent = [];
  /** Where among those we are; behind the last is what is being typed. */
  #at = 0;
  #typing = "";

  /** `events`: `send(text)`, which says whether it could be sent, and `candidates()` for Tab. */
  constructor(form, field, events) {
    [this.#field, this.#events] = [field, events];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    field.addEventListener("keydown", (event) => this.#key(event));
    field.addEventListener("input", () => this.#fit());
  }

  get text() {
    return this.#field.value;
  }

  set text(text) {
    this.#field.value = text;
    this.#field.setSelectionRange(text.length, text.length);
    this.#fit();
  }

  focus() {
    this.#field.focus();
  }

  /** Puts a text where the caret is. */
  insert(text) {
    this.#field.setRangeText(text, this.#field.selectionStart, this.#field.selectionEnd, "end");
    this.#fit();
    this.focus();
  }

  /** Each line is a message of its own. */
  #send() {
    const lines = this.text.split("\n").filter((line) => line.trim() !== "");
    while (lines.length > 0) {
      if (!this.#events.send(lines[0])) break;
      this.#sent.push(lines.shift());
    }
    this.#sent = this.#sent.slice(-SENT_MAX);
    this.#at = this.#sent.length;
    this.text = lines.join("\n");
  }

  #key(event) {
    // While an input method is at work, its keys are its own.
    if (event.isComposing) return;
    const plain = !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey;
    if (event.key === "Enter" && plain) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Tab" && plain) {
      const field = this.#field;
      const completed = this.#completion.next(field.value, field.selectionStart, this.#events.candidates());
      if (completed === null) return;
      event.preventDefault();
      field.value = completed.text;
      field.setSelectionRange(completed.caret, completed.caret);
    } else if (plain && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      this.#browse(event, event.key === "ArrowUp" ? -1 : 1);
    }
  }

  /** Up and down through what was sent, from the first and the last line of what is there. */
  #browse(event, step) {
    const { value, selectionStart } = this.#field;
    const before = value.slice(0, selectionStart);
    const isEdge = step < 0 ? !before.includes("\n") : !value.slice(selectionStart).includes("\n");
    const at = this.#at + step;
    if (!isEdge || at < 0 || at > this.#sent.length) return;
    event.preventDefault();
    if (this.#at === this.#sent.length) this.#typing = value;
    this.#at = at;
    this.text = at === this.#sent.length ? this.#typing : this.#sent[at];
  }

  #fit() {
    const { style, offsetHeight, clientHeight } = this.#field;
    style.height = "auto";
    const height = this.#field.scrollHeight + offsetHeight - clientHeight;
    style.height = `${Math.min(height, HEIGHT_MAX_PX)}px`;
    style.overflowY = height > HEIGHT_MAX_PX ? "auto" : "hidden";
  }
}
