//! What a node promises, through its public face, with real nodes on loopback addresses.

mod alone;
mod calls;
mod founding;
mod four;
mod town;
