//! Where the bars of a chart of days stand. The template draws them and a table beside them.

use services::inspection::DayCount;

use crate::limits;
use crate::number;

/// A horizontal line of the grid with its label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) y: u32,
    pub(crate) label: String,
}

/// One day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    pub(crate) x: u32,
    pub(crate) width: u32,
    /// Top and height of the answered part.
    pub(crate) answered: (u32, u32),
    /// Top and height of the denied part.
    pub(crate) denied: (u32, u32),
    /// Label under the bar, where there is room.
    pub(crate) label: Option<String>,
    /// Middle of the bar.
    pub(crate) middle: u32,
}

/// A chart of days.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Left end of the grid.
    pub(crate) left: u32,
    pub(crate) rules: Vec<Rule>,
    pub(crate) bars: Vec<Bar>,
    /// Where labels of days stand.
    pub(crate) foot: u32,
    /// Sums over all days.
    pub(crate) answered: u64,
    pub(crate) denied: u64,
    /// The day with most accesses and their number.
    pub(crate) peak: Option<(String, u64)>,
}

/// A lane between two heights; the lower one is the larger.
struct Lane {
    top: u32,
    bottom: u32,
}

/// Answered and denied in lanes of their own, so that a few denials are seen among many answers.
const LANE_ANSWERED: Lane = Lane { top: 22, bottom: 108 };
const LANE_DENIED: Lane = Lane { top: 138, bottom: 182 };
/// The small chart of the worklist: one lane, denials on top of answers.
const LANE_SMALL: Lane = Lane { top: 14, bottom: 104 };

impl Chart {
    /// The chart of the access log.
    pub(crate) fn lanes(days: &[DayCount]) -> Self {
        let days = newest(days);
        let mut chart = Self::empty(1120, 204, 44, 199, days);
        let (most_answered, most_denied) = (peak_of(days, answered), peak_of(days, denied));
        chart.rules = LANE_ANSWERED.rules(most_answered);
        chart.rules.extend(LANE_DENIED.rules(most_denied));
        chart.bars = chart.spread(days, |day| {
            let answered = LANE_ANSWERED.bar(day.answered, most_answered);
            (answered, LANE_DENIED.bar(day.denied, most_denied))
        });
        chart
    }

    /// The chart of the worklist.
    pub(crate) fn small(days: &[DayCount]) -> Self {
        let days = newest(days);
        let mut chart = Self::empty(308, 122, 26, 119, days);
        let most = peak_of(days, |day| day.answered.saturating_add(day.denied));
        chart.rules = LANE_SMALL.rules(most);
        chart.bars = chart.spread(days, |day| {
            let answered = LANE_SMALL.bar(day.answered, most);
            let (_, height) = LANE_SMALL.bar(day.denied, most);
            (answered, (answered.0.saturating_sub(height), height))
        });
        chart
    }

    fn empty(width: u32, height: u32, left: u32, foot: u32, days: &[DayCount]) -> Self {
        let busiest = days.iter().max_by_key(|day| day.answered.saturating_add(day.denied));
        Self {
            width,
            height,
            left,
            foot,
            rules: Vec::new(),
            bars: Vec::new(),
            answered: days.iter().map(answered).fold(0, u64::saturating_add),
            denied: days.iter().map(denied).fold(0, u64::saturating_add),
            peak: busiest
                .map(|day| (day.day.clone(), day.answered.saturating_add(day.denied)))
                .filter(|(_, count)| *count > 0),
        }
    }

    fn spread(&self, days: &[DayCount], lanes: impl Fn(&DayCount) -> ((u32, u32), (u32, u32))) -> Vec<Bar> {
        let count = u32::try_from(days.len()).unwrap_or(1).max(1);
        let room = self.width - self.left - 4;
        let step = (room / count).max(1);
        // A label needs some 40 units; it stands under every n-th bar, counted from the newest.
        let every = (40 / step).saturating_add(1) as usize;
        days.iter()
            .enumerate()
            .map(|(place, day)| {
                let x = self.left + 4 + room * u32::try_from(place).unwrap_or(0) / count;
                let width = (step * 7 / 10).clamp(1, 48);
                let (answered, denied) = lanes(day);
                Bar {
                    x,
                    width,
                    answered,
                    denied,
                    label: (days.len() - 1 - place)
                        .is_multiple_of(every)
                        .then(|| day.day.get(5..).unwrap_or("").to_owned()),
                    middle: x + width / 2,
                }
            })
            .collect()
    }
}

impl Lane {
    /// Top and height of a bar; a count above zero is always seen.
    fn bar(&self, count: u64, most: u64) -> (u32, u32) {
        let room = u64::from(self.bottom - self.top);
        let height = (count.saturating_mul(room) / scale(most)).min(room);
        let height = if count > 0 { height.max(2) } else { 0 };
        let height = u32::try_from(height).unwrap_or(0);
        (self.bottom - height, height)
    }

    /// Zero, the middle where it is a whole number, and the top of the scale.
    fn rules(&self, most: u64) -> Vec<Rule> {
        let top = scale(most);
        let mut rules = vec![Rule { y: self.bottom, label: String::from("0") }];
        if top.is_multiple_of(2) {
            rules.push(Rule { y: (self.bottom + self.top) / 2, label: number::count(top / 2) });
        }
        rules.push(Rule { y: self.top, label: number::count(top) });
        rules
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50 … that is not below the largest count.
fn scale(most: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let top = power.saturating_mul(factor);
            if top >= most || top == u64::MAX {
                return top;
            }
        }
        power = power.saturating_mul(10);
    }
}

fn newest(days: &[DayCount]) -> &[DayCount] {
    days.get(days.len().saturating_sub(limits::BARS_MAX)..).unwrap_or(days)
}

fn answered(day: &DayCount) -> u64 {
    day.answered
}

fn denied(day: &DayCount) -> u64 {
    day.denied
}

fn peak_of(days: &[DayCount], count: impl Fn(&DayCount) -> u64) -> u64 {
    days.iter().map(count).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(counts: &[(u64, u64)]) -> Vec<DayCount> {
        let row = |(place, (answered, denied)): (usize, &(u64, u64))| DayCount {
            day: format!("2026-11-{:02}", place + 1),
            answered: *answered,
            denied: *denied,
        };
        counts.iter().enumerate().map(row).collect()
    }

    #[test]
    fn the_scale_is_round_and_never_below_the_largest() {
        for (most, top) in [(0, 1), (1, 1), (2, 2), (3, 5), (7, 10), (11, 20), (1236, 2000)] {
            assert_eq!(scale(most), top);
        }
        assert!(scale(u64::MAX) == u64::MAX);
    }

    #[test]
    fn every_bar_stays_in_its_lane_and_in_the_picture() {
        let chart = Chart::lanes(&days(&[(0, 0), (1, 0), (5000, 3), (17, 1)]));
        for bar in &chart.bars {
            assert!(bar.x + bar.width <= chart.width);
            assert!(bar.answered.0 >= 22 && bar.answered.0 + bar.answered.1 == 108);
            assert!(bar.denied.0 >= 138 && bar.denied.0 + bar.denied.1 == 182);
        }
        assert_eq!((chart.answered, chart.denied), (5018, 4));
        assert_eq!(chart.peak, Some(("2026-11-03".into(), 5003)));
    }

    #[test]
    fn one_denial_is_seen_beside_many_answers() {
        let chart = Chart::small(&days(&[(9000, 1)]));
        assert_eq!(chart.bars[0].denied.1, 2);
    }

    #[test]
    fn no_day_gives_an_empty_chart() {
        let chart = Chart::lanes(&[]);
        assert!(chart.bars.is_empty() && chart.peak.is_none());
    }

    #[test]
    fn a_quarter_of_days_fits() {
        let chart = Chart::lanes(&days(&[(1, 1); 28].repeat(4)));
        assert_eq!(chart.bars.len(), limits::BARS_MAX);
        assert!(chart.bars.iter().all(|bar| bar.x + bar.width <= chart.width));
    }
}
