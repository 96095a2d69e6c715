//! What no test from outside can bring about: books that do not balance, for that would be a bug of the runtime.

use crate::Ledger;
use crate::sim::{Check, Failed};

#[test]
fn books_that_do_not_balance_fail_the_seed_and_name_the_host() {
    let failing = Check::new().run(|sim| {
        let mut ledger = Ledger::default();
        (ledger.sent, ledger.handled) = (2, 2);
        sim.weigh("shop", ledger);
        ledger.handled = 1;
        sim.weigh("bank", ledger);
        Ok(sim.run()?)
    });
    let failing = failing.expect_err("a message is lost without a word");
    let Failed::Unbalanced { host, ledger } = failing.failed() else { panic!("{failing}") };
    assert_eq!((&**host, ledger.sent, ledger.handled), ("bank", 2, 1));
}
