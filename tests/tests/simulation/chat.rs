//! The chat server under simulation: clients that come and go in bad weather, and what each of them may see.

use roundsman::sim::Check;
use roundsman_tests::chat_world::evening;

#[test]
fn every_client_sees_what_the_channels_that_it_is_in_saw() {
    let var = |name: &str| std::env::var(name).ok();
    let num = |name: &str, or: u64| var(name).and_then(|s| s.parse().ok()).unwrap_or(or);
    let check = Check::new().seeds(num("CS_SEEDS", 200)).first_seed(num("CS_SEED", 0)).shrink(num(
        "CS_SHRINK",
        0,
    )
        as usize);
    match check.run(evening) {
        Ok(checked) => eprintln!("{checked:?}"),
        Err(failing) => {
            let pick = var("CS_PICK").unwrap_or_default();
            for entry in failing.trace().entries() {
                let text = format!(
                    "{:?} {}{} {} {:?}",
                    entry.at.since_start(),
                    entry.host,
                    entry.actor,
                    entry.message,
                    entry.fault
                );
                if pick.split('|').any(|pick| !pick.is_empty() && text.contains(pick)) {
                    eprintln!("  T {text}");
                }
            }
            panic!("{failing}")
        }
    }
}
