// The connection: a WebSocket that is opened again whenever it breaks. Knows lines, and not what they say.

/** How long the first wait is, at most, and every further one: twice as long, and never longer than this. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** The server asks after two minutes of silence whether we are there; if not even that comes, it is gone. */
const SILENCE_MS = 150_000;
const LOOK_MS = 30_000;

export class Connection {
  /** `closed`, `connecting`, `open`, or `waiting` until `retryAt`. */
  state = "closed";
  retryAt = 0;
  #url;
  #heard;
  #changed;
  #socket = null;
  #attempts = 0;
  #timer = 0;
  #heardAt = 0;

  /** `heard` takes each line, `changed` is told of each new state. */
  constructor(url, { heard, changed }) {
    this.#url = url;
    this.#heard = heard;
    this.#changed = changed;
    setInterval(() => this.#look(), LOOK_MS);
    window.addEventListener("online", () => this.retry());
  }

  open() {
    this.#attempts = 0;
    this.#connect();
  }

  /** Closes it for good. */
  close() {
    clearTimeout(this.#timer);
    this.#drop();
    this.#become("closed");
  }

  /** False if there is nobody to send it to. */
  send(line) {
    if (this.state !== "open") return false;
    this.#socket.send(line);
    return true;
  }

  /** The server has let us in: should it break now, it is worth trying again at once. */
  settled() {
    this.#attempts = 0;
  }

  /** Tries again now, if it would do so later. */
  retry() {
    if (this.state === "waiting") this.#connect();
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#drop();
    const socket = new WebSocket(this.#url, ["text.ircv3.net"]);
    this.#socket = socket;
    this.#heardAt = Date.now();
    socket.onopen = () => this.#become("open");
    socket.onmessage = ({ data }) => {
      this.#heardAt = Date.now();
      if (typeof data === "string") this.#heard(data);
    };
    socket.onclose = () => this.#lost();
    this.#become("connecting");
  }

  /** Half of a wait is chance: those who were cut off together do not come back together. */
  #lost() {
    this.#drop();
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.#attempts, LONGEST_WAIT_MS);
    this.#attempts += 1;
    const ms = (wait * (1 + Math.random())) / 2;
    this.retryAt = Date.now() + ms;
    this.#timer = setTimeout(() => this.#connect(), ms);
    this.#become("waiting");
  }

  /** A network that is gone closes no socket. */
  #look() {
    if (this.state === "open" && Date.now() - this.#heardAt > SILENCE_MS) this.#lost();
  }

  /** Lets go of the socket; what it still says is not heard. */
  #drop() {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #become(state) {
    this.state = state;
    this.#changed(state);
  }
}
