//! Where the boxes and lines of a proof path stand. The template draws them; nothing is computed
//! here but places.

use services::chain::{CertificateView, ProofView};

/// Width of the drawing; its height follows from the number of levels.
const LEFT: u32 = 18;
const BOX_WIDTH: u32 = 200;
const BOX_HEIGHT: u32 = 50;
const SIBLING_WIDTH: u32 = 190;
const GAP: u32 = 22;
/// The path leans to the right by this much in all, so that siblings stay left of the header.
const LEAN_MAX: u32 = 210;
const STEP_X: u32 = 108;
const STEP_Y: u32 = 106;
/// Left edge and width of the block's column.
const HEADER_X: u32 = 640;
const HEADER_WIDTH: u32 = 230;
/// Marks of signers in one row, and the room of each.
const SIGNERS_PER_ROW: usize = 7;
const SIGNER_STEP: u32 = 28;

/// A box of the drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// One level of the path, the leaf first.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    pub(crate) place: Place,
    /// What is computed at this level.
    pub(crate) digest: String,
    /// What it is joined with to give the next level, and where that stands.
    pub(crate) sibling: Option<Sibling>,
    /// 0 for the leaf.
    pub(crate) number: usize,
    /// The last level: the root.
    pub(crate) is_root: bool,
    /// The line up to the next level.
    pub(crate) line: String,
}

/// A given digest beside the path.
#[derive(Debug, Clone)]
pub(crate) struct Sibling {
    pub(crate) place: Place,
    pub(crate) digest: String,
    pub(crate) left: bool,
    pub(crate) line: String,
}

/// The mark of one validator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) signed: bool,
}

/// The whole drawing.
#[derive(Debug, Clone)]
pub(crate) struct Drawing {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) levels: Vec<Level>,
    pub(crate) header: Place,
    pub(crate) certificate: Place,
    pub(crate) marks: Vec<Mark>,
    /// From root to header.
    pub(crate) to_header: String,
    /// From header to certificate.
    pub(crate) to_certificate: String,
    /// The two signatures under the leaf.
    pub(crate) ticket: Place,
    pub(crate) record: Place,
    pub(crate) to_signatures: String,
}

impl Place {
    fn top(&self) -> (u32, u32) {
        (self.x + self.width / 2, self.y)
    }

    /// Where the tick of a box stands.
    pub(crate) fn tick_x(&self) -> u32 {
        self.x + self.width - 16
    }

    pub(crate) fn tick_y(&self) -> u32 {
        self.y + 16
    }

    /// First line of its text.
    pub(crate) fn text_x(&self) -> u32 {
        self.x + 12
    }
}

impl Drawing {
    /// Places everything.
    pub(crate) fn of(proof: &ProofView, certificate: &CertificateView) -> Self {
        // A block with one transaction has its leaf as root: still drawn as two boxes.
        let steps = proof.steps.len();
        let rises = count(steps.max(1));
        let lean = STEP_X.min(LEAN_MAX / rises);
        let node = |level: u32| Place {
            x: LEFT + lean * level,
            y: 2 + STEP_Y * (rises - level),
            width: BOX_WIDTH,
            height: BOX_HEIGHT,
        };
        let mut levels = Vec::with_capacity(steps + 2);
        let mut digest = proof.leaf.clone();
        for (number, step) in proof.steps.iter().enumerate() {
            let place = node(count(number));
            let above = node(count(number + 1));
            let sibling = Place { x: place.x + BOX_WIDTH + GAP, width: SIBLING_WIDTH, ..place.clone() };
            levels.push(Level {
                line: rise(&place, &above),
                sibling: Some(Sibling {
                    line: rise(&sibling, &above),
                    place: sibling,
                    digest: step.sibling.clone(),
                    left: step.sibling_left,
                }),
                place,
                digest: std::mem::replace(&mut digest, step.node.clone()),
                number,
                is_root: false,
            });
        }
        if steps == 0 {
            let place = node(0);
            let line = rise(&place, &node(1));
            levels.push(Level {
                place,
                digest: digest.clone(),
                sibling: None,
                number: 0,
                is_root: false,
                line,
            });
        }
        let root = node(rises);
        let header = Place { x: HEADER_X, y: 2, width: HEADER_WIDTH, height: BOX_HEIGHT };
        let rows = count(certificate.signers.len().div_ceil(SIGNERS_PER_ROW)).max(1);
        let certificate_place =
            Place { x: HEADER_X, y: 106, width: HEADER_WIDTH, height: 64 + SIGNER_STEP * rows };
        let leaf = node(0);
        let signature = |x| Place { x, y: leaf.y + 74, width: 196, height: 32 };
        let (ticket, record) = (signature(LEFT), signature(LEFT + 208));
        let drawing = Self {
            width: 888,
            height: (ticket.y + 36).max(certificate_place.y + certificate_place.height + 4),
            to_header: format!("M{} {}H{HEADER_X}", root.x + BOX_WIDTH, root.y + BOX_HEIGHT / 2),
            to_certificate: format!(
                "M{} {}V{}",
                HEADER_X + HEADER_WIDTH / 2,
                BOX_HEIGHT + 2,
                certificate_place.y
            ),
            to_signatures: format!(
                "M{x} {from}V{to}M{end} {mid}h12",
                x = leaf.x + BOX_WIDTH / 2,
                from = leaf.y + BOX_HEIGHT,
                to = ticket.y,
                end = ticket.x + ticket.width,
                mid = ticket.y + 16,
            ),
            marks: marks(certificate, &certificate_place),
            header,
            certificate: certificate_place,
            ticket,
            record,
            levels,
        };
        drawing.with_root(root, digest, steps)
    }

    fn with_root(mut self, place: Place, digest: String, number: usize) -> Self {
        let number = number.max(1);
        self.levels.push(Level { place, digest, sibling: None, number, is_root: true, line: String::new() });
        self
    }
}

/// A line from the top of a box to the bottom of the one above, with a bend in the middle.
fn rise(from: &Place, to: &Place) -> String {
    let (from_x, from_y) = from.top();
    let (to_x, _) = to.top();
    let to_y = to.y + to.height;
    let bend = (from_y + to_y) / 2;
    format!("M{from_x} {from_y}V{bend}H{to_x}V{to_y}")
}

fn marks(certificate: &CertificateView, place: &Place) -> Vec<Mark> {
    certificate
        .signers
        .iter()
        .enumerate()
        .map(|(number, signer)| Mark {
            x: place.x + 21 + SIGNER_STEP * count(number % SIGNERS_PER_ROW),
            y: place.y + 43 + SIGNER_STEP * count(number / SIGNERS_PER_ROW),
            signed: signer.signed,
        })
        .collect()
}

/// Paths have at most some dozen levels and blocks some hundred signers: the number always fits.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use services::chain::ProofStep;

    fn proof(levels: usize) -> ProofView {
        let steps = (0..levels)
            .map(|level| ProofStep {
                sibling: format!("s{level}"),
                sibling_left: level % 2 == 1,
                node: format!("n{level}"),
            })
            .collect();
        ProofView {
            leaf: "leaf".into(),
            index: 0,
            size: 1 << levels,
            steps,
            root: "root".into(),
            header_root: "root".into(),
            matches: true,
        }
    }

    fn certificate() -> CertificateView {
        CertificateView { signers: Vec::new(), signed: 0, needed: 3, valid: true }
    }

    #[test]
    fn a_path_goes_from_the_leaf_at_the_bottom_to_the_root_on_top() {
        for levels in 1..14 {
            let drawing = Drawing::of(&proof(levels), &certificate());
            assert_eq!(drawing.levels.len(), levels + 1);
            assert_eq!(drawing.levels[0].digest, "leaf");
            let root = drawing.levels.last().unwrap();
            assert!(root.is_root && root.place.y == 2);
            assert_eq!(root.digest, format!("n{}", levels - 1));
            assert!(drawing.levels.windows(2).all(|pair| pair[0].place.y > pair[1].place.y));
        }
    }

    #[test]
    fn nothing_reaches_into_the_column_of_the_block() {
        for levels in 1..14 {
            let drawing = Drawing::of(&proof(levels), &certificate());
            for level in &drawing.levels {
                assert!(level.place.x + level.place.width <= HEADER_X);
                if let Some(sibling) = &level.sibling {
                    assert!(sibling.place.x + sibling.place.width <= HEADER_X, "{levels} levels");
                }
            }
        }
    }

    #[test]
    fn a_block_with_one_transaction_has_leaf_and_root() {
        let drawing = Drawing::of(&proof(0), &certificate());
        let digests: Vec<_> = drawing.levels.iter().map(|level| level.digest.as_str()).collect();
        assert_eq!(digests, ["leaf", "leaf"]);
        assert!(drawing.levels[1].is_root);
    }
}
