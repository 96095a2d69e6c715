// What was said while we were not there: asked for in pages, one question at a time, so that never more is on its way than a
// server has waiting for anybody. An answer may be shorter than its page; nothing more is there when nothing comes.

import { fold } from "./irc.js";
import { PAGE } from "./room.js";

/** How many lines are asked for that were missed: more than any server keeps. */
const MISSED_MAX = 1_000;

export class History {
  #session;
  /** `{ room, since, before, left }`: so many lines after a time, if it is known, and before a message, if it is known. */
  #questions = [];
  /** The one that was sent. */
  #asked = null;

  constructor(session) {
    this.#session = session;
  }

  /** Asks for what was said in a room before what is there. */
  askOlder(room) {
    if (!room.joined || room.atStart || room.asking || room.isFull) return;
    this.#ask({ room, before: room.message("first")?.id, left: PAGE });
  }

  /** Asks for what was said while we were not there; in a room that is new to us, for the last page. */
  askMissed(room) {
    const since = room.message("last")?.at;
    this.#ask({ room, since, left: since === undefined ? PAGE : MISSED_MAX });
  }

  /** An answer has come: these messages, and of them lines that can be shown. */
  answered(target, messages, lines) {
    const room = this.#session.known(target);
    const question = this.#asked?.room.id === fold(target) ? this.#asked : null;
    if (room !== undefined) this.#session.merge(room, lines, question?.since);
    if (question === null) return;
    const before = messages[0]?.tags.get("msgid");
    const left = question.left - messages.length;
    if (before !== undefined && left > 0) {
      this.#questions.push({ ...question, before, left });
    } else {
      question.room.asking = false;
      // What was missed has an end before the start of the room.
      if (messages.length === 0 && question.since === undefined) question.room.atStart = true;
    }
    this.#askNext();
  }

  /** The server does not answer. */
  failed() {
    if (this.#asked === null) return;
    this.#asked.room.asking = false;
    this.#askNext();
  }

  /** Nobody will answer any more. */
  forget() {
    for (const { room } of [this.#asked, ...this.#questions].filter(Boolean)) room.asking = false;
    this.#questions = [];
    this.#asked = null;
  }

  #ask(question) {
    const { caps } = this.#session;
    // Without a batch nobody would know where an answer ends.
    if (!caps.has("draft/chathistory") || !caps.has("batch")) return;
    question.room.asking = true;
    this.#questions.push(question);
    if (this.#asked === null) this.#askNext();
  }

  #askNext() {
    const question = (this.#asked = this.#questions.shift() ?? null);
    if (question === null) return;
    const { room, since, before, left } = question;
    if (!room.joined) return this.failed();
    // Messages of one moment may be on both sides of it; those that are known are not shown twice.
    const moment = since === undefined ? "*" : `timestamp=${new Date(since - 1).toISOString()}`;
    const range =
      before === undefined
        ? ["LATEST", room.name, moment]
        : since === undefined
          ? ["BEFORE", room.name, `msgid=${before}`]
          : ["BETWEEN", room.name, `msgid=${before}`, moment];
    this.#session.send("CHATHISTORY", ...range, Math.min(left, PAGE));
  }
}
