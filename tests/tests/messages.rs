//! What is promised of messages: their order, their one fate, and what addresses do after the end.

#[path = "messages/addresses.rs"]
mod addresses;
#[path = "messages/fate.rs"]
mod fate;
#[path = "messages/mailboxes.rs"]
mod mailboxes;
#[path = "messages/order.rs"]
mod order;
