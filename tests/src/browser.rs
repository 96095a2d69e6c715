//! A browser, driven as somebody would who sits in front of it: keys, and a look at the page. It speaks WebDriver, of which a
//! test needs few calls, to Debian's `chromedriver`.
//!
//! Used by the tests of the chat server's page. It never waits for time to pass: [`Page::wait`] has the page itself say when
//! something is there. Its time limits only ever make a test fail.
#![expect(
    clippy::disallowed_methods,
    reason = "a test watches a process from outside, with a thread of its own"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::example::PATIENCE;
use crate::missing::is_installed;

/// Keys that are no characters, as WebDriver has them. (Section 17.4.2.)
pub mod key {
    #![allow(missing_docs, reason = "each is the key of its name")]
    pub const ALT: char = '\u{E00A}';
    pub const CONTROL: char = '\u{E009}';
    pub const DOWN: char = '\u{E015}';
    pub const ENTER: char = '\u{E007}';
    pub const ESCAPE: char = '\u{E00C}';
    pub const SHIFT: char = '\u{E008}';
    pub const TAB: char = '\u{E004}';
    pub const UP: char = '\u{E013}';
}

/// How large a page is shown, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// A window of 1280 × 800.
    Desk,
    /// A phone of 390 × 844, which is touched.
    Phone,
}

/// A browser. Its pages are closed when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
}

impl Browser {
    /// Starts one; nothing if there is none on this machine, which it says loudly.
    ///
    /// # Panics
    /// If there is none though the environment says `CI=true`, or if it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let what = "nobody looks at the chat's page";
        if !(is_installed("chromium", what) && is_installed("chromedriver", what)) {
            return None;
        }
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver can be started");
        let mut lines = BufReader::new(driver.stdout.take().expect("stdout is piped")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let port = line.split_once("started successfully on port ")?.1;
            port.trim_end_matches('.').parse().ok()
        });
        // It must not stall on what it has to say later.
        thread::spawn(move || lines.for_each(drop));
        Some(Self { driver, port: port.expect("chromedriver says where it listens") })
    }

    /// Opens a page in a window of its own, which shares nothing with others.
    ///
    /// # Panics
    /// If it cannot be opened.
    #[must_use]
    pub fn open(&self, url: &str, screen: Screen) -> Page {
        let mut options = json!({ "args": [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,800",
        ] });
        if screen == Screen::Phone {
            let metrics = json!({ "width": 390, "height": 844, "pixelRatio": 2, "touch": true });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "script": PATIENCE.as_millis() as u64 },
        });
        let body = json!({ "capabilities": { "alwaysMatch": wanted } });
        let answer = call(self.port, "POST", "/session", &body).expect("a session");
        let session = answer["sessionId"].as_str().expect("a session has a name").to_owned();
        let page = Page { port: self.port, session };
        page.post("/url", &json!({ "url": url }));
        page
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends its browsers. It may have ended by itself, which is as good.
        let _ = call(self.port, "GET", "/shutdown", &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A page in a window of its own.
#[derive(Debug)]
pub struct Page {
    port: u16,
    session: String,
}

impl Page {
    /// Types a text, key by key, to whatever has the focus.
    pub fn type_text(&self, text: &str) {
        let strokes = text.chars().flat_map(|letter| [("keyDown", letter), ("keyUp", letter)]);
        self.keys(strokes);
    }

    /// Presses these keys together, and lets them go.
    pub fn press(&self, chord: &[char]) {
        let down = chord.iter().map(|letter| ("keyDown", *letter));
        let up = chord.iter().rev().map(|letter| ("keyUp", *letter));
        self.keys(down.chain(up));
    }

    fn keys(&self, strokes: impl Iterator<Item = (&'static str, char)>) {
        let strokes: Vec<Value> =
            strokes.map(|(kind, letter)| json!({ "type": kind, "value": letter })).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    /// The value of an expression of JavaScript, in the page.
    #[must_use]
    pub fn look(&self, expression: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": format!("return {expression}"), "args": [] }))
    }

    /// The same as text; empty if it is none.
    #[must_use]
    pub fn text(&self, expression: &str) -> String {
        self.look(expression).as_str().unwrap_or_default().to_owned()
    }

    /// Carries out statements in the page.
    pub fn run(&self, statements: &str) {
        self.post("/execute/sync", &json!({ "script": statements, "args": [] }));
    }

    /// Waits until an expression is true in the page.
    ///
    /// # Panics
    /// If it is not after [`PATIENCE`]; then it says what the page shows instead.
    #[track_caller]
    pub fn wait(&self, expression: &str) {
        let script = format!(
            "const done = arguments[0];
             let timer = 0;
             const look = () => {{
               let found = false;
               try {{ found = Boolean({expression}); }} catch {{ /* What it looks at is not there yet. */ }}
               if (!found) return;
               observer.disconnect();
               clearInterval(timer);
               done(true);
             }};
             const observer = new MutationObserver(look);
             observer.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
             timer = setInterval(look, 100);
             look();"
        );
        let body = json!({ "script": script, "args": [] });
        let answer =
            call(self.port, "POST", &format!("/session/{}/execute/async", self.session), &body);
        if let Err(why) = answer {
            let shown = self.text("document.body.innerText");
            panic!(
                "not seen: {expression}\n{why}\non the page:\n{shown}\nit said: {:?}",
                self.said()
            );
        }
    }

    /// What the page has complained about since it was asked last: errors, and what its policy has kept from happening.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| entry["message"].to_string()).collect()
    }

    /// Lets the system be dark or light, as the page sees it.
    pub fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let command =
            json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        self.post("/goog/cdp/execute", &command);
    }

    /// Writes a picture of the page, in PNG.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn picture(&self, file: &Path) {
        let path = format!("/session/{}/screenshot", self.session);
        let picture = call(self.port, "GET", &path, &Value::Null).expect("a picture");
        let bytes = Base64::decode_vec(picture.as_str().unwrap_or_default()).expect("Base64");
        assert!(bytes.starts_with(b"\x89PNG"), "no picture");
        std::fs::write(file, bytes).expect("the file can be written");
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        match call(self.port, "POST", &format!("/session/{}{path}", self.session), body) {
            Ok(value) => value,
            Err(why) => panic!("{path}: {why}"),
        }
    }
}

/// One call of WebDriver: JSON there, and JSON back. (Section 6.)
fn call(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let said = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(said)?;
    // Twice as long as a script may take, so that it is the driver that says that it took too long.
    stream.set_read_timeout(Some(PATIENCE * 2)).map_err(said)?;
    stream.write_all(request.as_bytes()).map_err(said)?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    for line in reader.by_ref().lines() {
        let line = line.map_err(said)?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(|_| format!("a strange length: {line}"))?;
        }
    }
    let mut answer = vec![0; length];
    reader.read_exact(&mut answer).map_err(said)?;
    let answer: Value = serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
    match &answer["value"]["error"] {
        Value::String(error) => Err(format!("{error}: {}", answer["value"]["message"])),
        _ => Ok(answer["value"].clone()),
    }
}
