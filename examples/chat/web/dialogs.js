// The dialogs: who we are, which channels there are, what can be done with somebody, the topic, and help. Each is a `dialog`,
// so that the browser keeps the focus inside, closes it at Escape, and gives the focus back.

import { COMMANDS } from "./commands.js";
import { fold, isChannel } from "./irc.js";
import { hue, make } from "./log.js";
import { bare } from "./text.js";

/** A nick as the server takes it. */
const NICK = /^[A-Za-z[\]\\`_^{|}][A-Za-z0-9[\]\\`_^{|}-]{0,29}$/;
/** How many channels are shown of a list. */
const LISTED_MAX = 200;

const byId = (id) => document.getElementById(id);

/** Asks who we are. Stays until the server lets us in. */
export class Welcome {
  #dialog = byId("welcome");
  #start;

  constructor(start) {
    this.#start = start;
    this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
    byId("welcome-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  open({ nick, channels }) {
    byId("nick").value = nick;
    byId("channel").value = channels.join(", ");
    this.#dialog.showModal();
    byId("nick").focus();
  }

  close() {
    this.#dialog.close();
    this.#busy(false);
  }

  /** Says what is wrong, at the field where that can be put right. */
  complain(why, name = "nick") {
    if (!this.#dialog.open) this.#dialog.showModal();
    const field = byId(name);
    this.#busy(false);
    if (name === "password") byId("more").open = true;
    byId("welcome-error").textContent = why;
    field.setAttribute("aria-invalid", "true");
    field.focus();
    field.select();
  }

  #submit() {
    const nick = byId("nick").value.trim();
    const typed = byId("channel").value.split(/[\s,]+/).filter(Boolean);
    const channels = typed.map((name) => (isChannel(name) ? name : `#${name}`));
    for (const name of ["nick", "password"]) byId(name).removeAttribute("aria-invalid");
    byId("welcome-error").textContent = "";
    if (nick === "") return this.complain("Choose a name");
    if (!NICK.test(nick)) {
      return this.complain("A name is up to 30 letters and digits of the Latin alphabet, and begins with a letter");
    }
    this.#busy(true);
    this.#start({ nick, password: byId("password").value, channels });
  }

  #busy(busy) {
    byId("enter").disabled = busy;
    byId("enter").textContent = busy ? "Connecting…" : "Enter";
  }
}

/** Which channels there are, those that fit what is typed, and the way into one that is not there yet. */
export class Browser {
  #dialog = byId("channels");
  #search = byId("channel-search");
  #list = byId("channel-results");
  #channels = [];
  #join;

  constructor(join) {
    this.#join = join;
    this.#search.addEventListener("input", () => this.#render());
    byId("channels-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#list.querySelector("button")?.click();
    });
  }

  open() {
    this.#search.value = "";
    this.#channels = [];
    this.#render();
    this.#dialog.showModal();
    this.#search.focus();
  }

  fill(channels) {
    this.#channels = channels.sort((one, other) => other.members - one.members);
    this.#render();
  }

  #render() {
    const wanted = fold(this.#search.value.trim());
    const fits = ({ name, topic }) => fold(name).includes(wanted) || fold(topic).includes(wanted);
    const found = this.#channels.filter(fits);
    const items = found.slice(0, LISTED_MAX).map(({ name, members, topic }) => {
      const people = members === 1 ? "1 person" : `${members} people`;
      return this.#item(name, people, bare(topic));
    });
    const name = isChannel(wanted) ? this.#search.value.trim() : `#${this.#search.value.trim()}`;
    const isNew = wanted !== "" && !/[\s,]/.test(name) && !found.some((channel) => fold(channel.name) === fold(name));
    if (isNew) items.push(this.#item(name, "new", "Make this channel"));
    this.#list.replaceChildren(...items);
    const count = found.length === 1 ? "1 channel" : `${found.length} channels`;
    byId("channel-count").textContent = found.length > LISTED_MAX ? `${count}, of which ${LISTED_MAX} are shown` : count;
  }

  #item(name, people, topic) {
    const button = make("button", "result");
    button.type = "button";
    button.append(make("strong", "", name), " ", make("span", "badge", people), " ", make("span", "topic", topic));
    button.addEventListener("click", () => {
      this.#dialog.close();
      this.#join(name);
    });
    const item = make("li");
    item.append(button);
    return item;
  }
}

/** What can be done with somebody. */
export class Card {
  #dialog = byId("person");

  /** `actions`: what it is called, and what it does. */
  open(nick, about, actions) {
    const name = byId("person-name");
    name.textContent = nick;
    name.className = `hue-${hue(nick)}`;
    byId("person-about").textContent = about;
    const buttons = actions.map(([text, run, kind]) => {
      const button = make("button", kind ?? "", text);
      button.type = "button";
      button.addEventListener("click", () => {
        this.#dialog.close();
        run();
      });
      return button;
    });
    byId("person-actions").replaceChildren(...buttons);
    this.#dialog.showModal();
  }
}

/** The topic, for whoever may change it. */
export class TopicEditor {
  #dialog = byId("topic");
  #field = byId("topic-text");
  #save = () => {};

  constructor() {
    byId("topic-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#dialog.close();
      this.#save(this.#field.value.trim());
    });
  }

  open(text, save) {
    this.#field.value = text;
    this.#save = save;
    this.#dialog.showModal();
    this.#field.select();
  }
}

/** The keys and the commands. */
export class Help {
  #dialog = byId("help");

  constructor() {
    const rows = Object.values(COMMANDS).map(({ usage, what }) => {
      const row = make("tr");
      const head = make("th");
      head.scope = "row";
      head.append(make("code", "", usage));
      row.append(head, make("td", "", what));
      return row;
    });
    byId("help-commands").replaceChildren(...rows);
  }

  open() {
    this.#dialog.showModal();
  }
}

/** Gives every dialog its button that closes it, and has a click beside it close it. */
export function closeByButtons() {
  for (const dialog of document.querySelectorAll("dialog")) {
    for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => dialog.close());
    if (dialog.id === "welcome") continue;
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }
}
