// Completion: what Tab makes of the word before the caret; pressed again, of the next that fits.

import { fold } from "./irc.js";

export class Completion {
  #last = null;

  /**
   * The text and the caret with the word completed, or null where there is nothing to complete, so that Tab goes to the next
   * field as it does elsewhere.
   */
  next(text, caret, candidates) {
    const again = this.#last !== null && this.#last.text === text && this.#last.caret === caret;
    if (!again) {
      const start = text.lastIndexOf(" ", caret - 1) + 1;
      const begun = fold(text.slice(start, caret));
      const found = begun === "" ? [] : candidates.filter((word) => fold(word).startsWith(begun));
      if (found.length === 0) return null;
      this.#last = { start, found, at: -1, rest: text.slice(caret), before: text.slice(0, start) };
    }
    const last = this.#last;
    last.at = (last.at + 1) % last.found.length;
    const word = last.found[last.at];
    const isNick = !word.startsWith("/") && !word.startsWith("#");
    const whole = last.before + word + (last.start === 0 && isNick ? ": " : " ");
    last.text = whole + last.rest;
    last.caret = whole.length;
    return { text: last.text, caret: last.caret };
  }
}
