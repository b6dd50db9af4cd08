//! Puts together how a trial went.

use std::time::Instant;

use crate::console;
use crate::guest::GuestReport;
use crate::signature;
use crate::trial::{Stage, TrialOutcome, TrialStep};

/// `TAINT_WARN`, `TAINT_DIE`, `TAINT_SOFTLOCKUP` and `TAINT_BAD_PAGE` of include/linux/panic.h: the
/// kernel keeps in mind what it may have said when nobody listened.
const TROUBLE: &[(u32, &str)] =
    &[(5, "bad page"), (7, "oops"), (9, "warning"), (14, "soft lockup")];

/// The bit of a warning.
const WARNED: u32 = 9;

/// How a warning begins (include/asm-generic/bug.h).
const CUT: &str = "------------[ cut here ]";
/// How many lines the text of a warning has at most.
const LONGEST: usize = 8;

pub(crate) struct LogJudge {
    expected: Vec<String>,
    seen: Vec<bool>,
    /// The text of a `WARN` stands between its first line and the one with the place.
    text: Option<Vec<String>>,
    steps: Vec<TrialStep>,
    open: Option<(TrialStep, Instant)>,
    loaded: Option<String>,
    cycle: u32,
    problems: Vec<String>,
    taint: Option<u64>,
    finished: bool,
    begin: Instant,
}

impl LogJudge {
    pub(crate) fn new(expected: &[String]) -> Self {
        let begin = Instant::now();
        let boot = step(Stage::Boot, None, 1);
        Self {
            expected: expected.to_vec(),
            seen: vec![false; expected.len()],
            text: None,
            steps: Vec::new(),
            open: Some((boot, begin)),
            loaded: None,
            cycle: 1,
            problems: Vec::new(),
            taint: None,
            finished: false,
            begin,
        }
    }

    /// Whether the guest has come to its end by itself.
    pub(crate) fn has_finished(&self) -> bool {
        self.finished
    }

    /// Takes a line of the console.
    pub(crate) fn console(&mut self, line: &str) {
        if console::message(line).starts_with(CUT) {
            self.text = Some(Vec::new());
            return;
        }
        if !console::is_problem(line) {
            if let Some(text) = self.text.as_mut().filter(|text| text.len() < LONGEST) {
                text.push(line.to_owned());
            }
            return;
        }
        let said = self.text.take().unwrap_or_default();
        let mut expected = false;
        for (text, seen) in self.expected.iter().zip(&mut self.seen) {
            let mut lines = said.iter().map(String::as_str).chain([line]);
            let found = lines.any(|line| line.contains(text.as_str()));
            *seen |= found;
            expected |= found;
        }
        if !expected {
            self.problems.push(console::message(line).to_owned());
        }
    }

    /// Takes a report of the guest; the step that it ends.
    pub(crate) fn report(&mut self, report: GuestReport) -> Option<TrialStep> {
        match report {
            GuestReport::Output(line) => {
                if let Some((step, _)) = &mut self.open {
                    step.output.push_str(&line);
                    step.output.push('\n');
                }
            }
            GuestReport::Begin(Stage::Boot, _) => {}
            GuestReport::Begin(stage, module) => {
                if module.is_some() {
                    self.loaded.clone_from(&module);
                }
                self.open = Some((step(stage, module, self.cycle), Instant::now()));
            }
            GuestReport::End(status) => return self.end(Some(status)),
            GuestReport::Cycle(number) => self.cycle = number,
            GuestReport::Taint(bits) => self.taint = Some(bits),
            GuestReport::Finished => self.finished = true,
        }
        None
    }

    fn end(&mut self, status: Option<i32>) -> Option<TrialStep> {
        let (mut step, begin) = self.open.take()?;
        if status != Some(0)
            && step.stage == Stage::Load
            && let Some(advice) = signature::advice(&step.output)
        {
            step.output.push_str(advice);
            step.output.push('\n');
        }
        let step = TrialStep { status, passed: status == Some(0), millis: millis(begin), ..step };
        self.steps.push(step.clone());
        Some(step)
    }

    /// The outcome, and the steps that this adds; `why` tells why the guest did not come to an end.
    pub(crate) fn finish(mut self, why: Option<String>) -> (TrialOutcome, Vec<TrialStep>) {
        let before = self.steps.len();
        if why.is_some() {
            self.end(None);
        }
        let mut problems = std::mem::take(&mut self.problems);
        let missing = self.expected.iter().zip(&self.seen).filter(|(_, seen)| !**seen);
        problems.extend(missing.map(|(text, _)| format!("expected, but not there: {text}")));
        let told = !problems.is_empty();
        for (bit, what) in TROUBLE {
            let is_set =
                self.taint.is_some_and(|taint| taint.checked_shr(*bit).unwrap_or(0) & 1 == 1);
            let is_expected = *bit == WARNED && !self.expected.is_empty();
            if is_set && !is_expected && !told {
                problems.push(format!("the kernel is tainted: {what}"));
            }
        }
        problems.extend(why);
        let mut output = problems.join("\n");
        if !output.is_empty() {
            output.push('\n');
        }
        self.steps.push(TrialStep {
            passed: output.is_empty(),
            output,
            millis: millis(self.begin),
            ..step(Stage::Kernel, None, self.cycle)
        });
        let passed = self.steps.iter().all(|step| step.passed);
        let added = self.steps.get(before..).unwrap_or_default().to_vec();
        (TrialOutcome { steps: self.steps, passed }, added)
    }
}

fn step(stage: Stage, module: Option<String>, cycle: u32) -> TrialStep {
    TrialStep {
        stage,
        module,
        cycle,
        passed: false,
        status: None,
        output: String::new(),
        millis: 0,
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(expected: &[&str], lines: &[&str], taint: u64) -> TrialOutcome {
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        let mut judge = LogJudge::new(&expected);
        judge.report(GuestReport::End(0));
        for line in lines {
            judge.console(line);
        }
        judge.report(GuestReport::Taint(taint));
        judge.report(GuestReport::Finished);
        judge.finish(None).0
    }

    const WARNING: &str = "[ 1.0] WARNING: CPU: 0 PID: 9 at fs/proc/meminfo.c:40 f+0x1/0x2";

    #[test]
    fn a_warning_is_a_failure_unless_it_is_expected() {
        assert!(finished(&[], &["[ 1.0] fine"], 1 << 15).passed);
        assert!(!finished(&[], &[WARNING], 1 << 9).passed);
        assert!(!finished(&[], &[], 1 << 9).passed);
        assert!(finished(&["meminfo.c:40 "], &[WARNING], 1 << 9).passed);
        assert!(!finished(&["meminfo.c:40 "], &[], 0).passed);
        assert!(!finished(&["meminfo.c:40 "], &[WARNING, "[ 1.1] BUG: x"], 1 << 9).passed);
    }

    #[test]
    fn the_text_of_a_warning_stands_before_its_place() {
        let lines =
            ["[ 1.0] ------------[ cut here ]------------", "[ 1.0] no more of it", WARNING];
        assert!(finished(&["no more"], &lines, 1 << 9).passed);
        assert!(finished(&["meminfo.c:40 "], &lines, 1 << 9).passed);
        assert!(!finished(&["other"], &lines, 1 << 9).passed);
        // What was said before is no text of it.
        assert!(!finished(&["no more"], &["[ 1.0] no more of it", WARNING], 1 << 9).passed);
    }

    #[test]
    fn a_refused_signature_is_explained() {
        let mut judge = LogJudge::new(&[]);
        judge.report(GuestReport::End(0));
        judge.report(GuestReport::Begin(Stage::Load, Some("x".into())));
        judge.report(GuestReport::Output("[ 2.0] Loading of unsigned module is rejected".into()));
        let step = judge.report(GuestReport::End(1)).unwrap();
        assert!(!step.passed && step.output.contains("--sign-key"), "{}", step.output);
    }

    #[test]
    fn a_guest_that_dies_in_a_step_fails_it() {
        let mut judge = LogJudge::new(&[]);
        judge.report(GuestReport::End(0));
        judge.report(GuestReport::Begin(Stage::Load, Some("x".into())));
        let (outcome, added) = judge.finish(Some("the guest died".into()));
        assert!(!outcome.passed);
        assert_eq!(added.len(), 2);
        assert_eq!(added[0].status, None);
        assert_eq!(added[1].output, "the guest died\n");
    }
}
