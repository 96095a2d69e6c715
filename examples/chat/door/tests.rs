//! The door, without a house.

use super::*;

fn door(sessions: usize, host: usize) -> Door {
    let settings = Settings { max_clients: sessions, max_per_address: host, ..Settings::default() };
    Door::new(&settings)
}

#[test]
fn callers_and_sessions_of_one_host_are_counted_together() {
    let (mut door, here, there) = (door(100, 2), Arc::from("here"), Arc::from("there"));
    assert_eq!(door.enter("here:0", &here), Entry::Open);
    for port in 1..2 + SPARE {
        assert!(door.call(format!("here:{port}"), Arc::clone(&here)), "{port}");
    }
    assert!(!door.call("here:99".to_owned(), Arc::clone(&here)));
    assert!(door.call("there:1".to_owned(), there), "others are others");
    door.hang_up("here:1");
    assert!(door.call("here:99".to_owned(), Arc::clone(&here)));
    door.leave(&here);
    assert!(door.call("here:100".to_owned(), here));
}

#[test]
fn a_caller_that_enters_is_counted_once() {
    let (mut door, here) = (door(100, 1), Arc::from("here"));
    for port in 0..1 + SPARE {
        assert!(door.call(format!("here:{port}"), Arc::clone(&here)));
    }
    assert_eq!(door.enter("here:0", &here), Entry::Open);
    assert!(!door.call("here:99".to_owned(), Arc::clone(&here)), "it has only changed sides");
    door.hang_up("here:0");
    assert!(!door.call("here:99".to_owned(), Arc::clone(&here)), "it was no caller any more");
    assert_eq!(
        door.enter("here:1", &here),
        Entry::Refused("Too many connections from your address")
    );
}

#[test]
fn who_is_refused_is_told_so_until_these_are_too_many_as_well() {
    let (mut door, here) = (door(1, 100), Arc::from("here"));
    assert_eq!(door.enter("here:0", &here), Entry::Open);
    for _ in 0..REFUSED {
        assert_eq!(door.enter("here:1", &here), Entry::Refused("The server is full"));
    }
    assert_eq!(door.enter("here:1", &here), Entry::Shut);
    door.leave(&here);
    assert_eq!(door.enter("here:1", &here), Entry::Refused("The server is full"));
}

#[test]
fn nothing_is_left_of_a_host_that_has_gone() {
    let (mut door, here) = (door(10, 0), Arc::from("here"));
    for port in 0..100 {
        let _ = door.call(format!("here:{port}"), Arc::clone(&here));
    }
    assert_eq!(
        door.enter("here:0", &here),
        Entry::Refused("Too many connections from your address")
    );
    door.leave(&here);
    (0..100).for_each(|port| door.hang_up(&format!("here:{port}")));
    assert!(door.hosts.is_empty() && door.callers.is_empty());
}

#[test]
fn callers_are_bounded_together_wherever_they_come_from() {
    let mut door = door(2, 1);
    for host in 0..2 + REFUSED {
        assert!(door.call(format!("{host}:1"), Arc::from(host.to_string())), "{host}");
    }
    assert!(!door.call("late:1".to_owned(), Arc::from("late")));
    door.hang_up("0:1");
    assert!(door.call("late:1".to_owned(), Arc::from("late")));
}
