//! Small sweeps in folders of their own.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

const SCENARIO: &str = r#"
description = "devices"
duration = "5min"
[gateway]
half_open_timeout = "4min"
[[node]]
name = "device"
count = 20
wakes = { once = "1s" }
application = { kind = "ping" }
awake = "0s"
"#;

const PLAN: &str = r#"
description = "loss by policy"
scenario = "x.toml"
seeds = "1..3"
[[axis]]
name = "policy"
key = "node.device.retransmission"
values = ["libreswan", "coap"]
[[axis]]
name = "loss"
key = "link.loss"
values = ["5%", "30%"]
"#;

/// An empty folder of that name.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("sweep-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn job(plan: &str, state: &str) -> Job {
    let named = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let (plan, scenario) = (named("p.toml", plan), named("x.toml", SCENARIO));
    let (commit, state) = (Some("c".to_owned()), state.to_owned());
    let files = BTreeMap::new();
    let manifest = Manifest { format: FORMAT, plan, scenario, files, commit, state };
    Job::new(manifest, &|_| Err("there is none".into())).expect("a plan")
}

/// Runs what is pending there; how many runs that were.
fn run(job: &Job, folder: &Path, shard: Shard) -> usize {
    let count = AtomicUsize::new(0);
    let (pending, _) = job.pending(folder, shard);
    job.run(folder, &pending, &|| {
        count.fetch_add(1, Ordering::Relaxed);
    })
    .expect("files");
    count.into_inner()
}

/// Every file of the folder with its octets, after the report on the cells of those folders.
fn report(job: &Job, folders: &[PathBuf], out: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let cells = job.collect(folders).expect("all cells");
    job.keep(out, &cells).expect("files");
    job.report(out, &cells).expect("files");
    let mut files = files_in(out, Path::new(""));
    files.sort();
    files
}

fn files_in(root: &Path, folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(root.join(folder)).expect("a folder");
    let names = entries.map(|entry| folder.join(entry.expect("an entry").file_name()));
    let read = |name: PathBuf| match fs::read(root.join(&name)) {
        Ok(octets) => vec![(name, octets)],
        Err(_) => files_in(root, &name),
    };
    names.flat_map(read).collect()
}

fn with_threads(threads: usize, folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let job = job(PLAN, "s");
    assert_eq!(pool.install(|| run(&job, folder, Shard::WHOLE)), 12);
    let cells = files_in(folder, Path::new(""));
    let all = report(&job, &[folder.to_owned()], folder);
    // To keep them changes nothing.
    assert!(cells.iter().all(|cell| all.contains(cell)));
    all
}

#[test]
fn the_report_is_the_same_whatever_the_number_of_threads_and_parts() {
    let (one, two) = (folder("one"), folder("two"));
    let whole = with_threads(1, &one);
    for name in ["report.html", MANIFEST, "cells/00003.json"] {
        assert!(whole.iter().any(|(there, _)| there == Path::new(name)), "{name}");
    }
    assert_eq!(with_threads(2, &two), whole);
    let parts_of: Vec<PathBuf> = (1..=3).map(|part| folder(&format!("part-{part}"))).collect();
    for (index, part) in parts_of.iter().enumerate() {
        run(&job(PLAN, "s"), part, Shard { index, count: 3 });
    }
    let merged = folder("merged");
    let (joined, _) = parts(&parts_of).expect("all parts");
    assert_eq!(report(&joined, &parts_of, &merged), whole);
    assert!(
        parts(&parts_of[..2]).is_err_and(|error| error.to_string() == "1 cells are missing: 2")
    );
    for folder in [one, two, merged].iter().chain(&parts_of) {
        fs::remove_dir_all(folder).expect("a folder");
    }
}

#[test]
fn finished_cells_are_kept_and_those_of_something_else_are_not_used() {
    let folder = folder("resumed");
    let first = job(PLAN, "s");
    assert_eq!(run(&first, &folder, Shard { index: 0, count: 2 }), 6);
    // What was interrupted goes on with the rest.
    assert_eq!(run(&first, &folder, Shard::WHOLE), 6);
    assert_eq!(run(&first, &folder, Shard::WHOLE), 0);
    // A half-written file is none.
    fs::write(cell_path(&folder, 1), "{").expect("a file");
    assert_eq!(run(&first, &folder, Shard::WHOLE), 3);
    let all_are_stale = |other: &Job| {
        let (pending, stale) = other.pending(&folder, Shard::WHOLE);
        (pending.len(), stale) == (4, 4)
    };
    assert!(all_are_stale(&job(PLAN, "another commit")));
    assert!(all_are_stale(&job(&PLAN.replace("1..3", "1..4"), "s")));
    let lossier = job(&PLAN.replace("30%", "31%"), "s");
    let (pending, _) = lossier.pending(&folder, Shard::WHOLE);
    assert_eq!(pending.iter().map(|cell| cell.index).collect::<Vec<_>>(), [1, 3]);
    fs::remove_dir_all(&folder).expect("a folder");
}

#[test]
fn parts_of_different_sweeps_are_not_joined() {
    let (one, other) = (folder("this"), folder("other"));
    run(&job(PLAN, "s"), &one, Shard { index: 0, count: 2 });
    run(&job(PLAN, "t"), &other, Shard { index: 1, count: 2 });
    let error = parts(&[one.clone(), other.clone()]).err().expect("refused").to_string();
    assert!(error.contains("are of different plans, scenarios or commits"), "{error}");
    let nowhere = parts(&[one.join("nothing")]).err().expect("refused").to_string();
    assert!(nowhere.contains("expected a folder of a sweep"), "{nowhere}");
    for folder in [one, other] {
        fs::remove_dir_all(&folder).expect("a folder");
    }
}

#[test]
fn a_recorded_trace_is_part_of_a_sweep() {
    let folder = folder("traced");
    let plan = PLAN.replace("values = [\"libreswan\", \"coap\"]", "values = [\"coap\"]");
    let scenario = format!("{SCENARIO}[link]\nloss_trace = {{ file = \"a.csv\" }}\n");
    let trace = |lost: &str| format!("seconds,fate\n0,received\n1,{lost}\n2,received\n");
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    write("p.toml", &plan);
    write("x.toml", &scenario);
    write("a.csv", &trace("lost"));
    let out = folder.join("out");
    let job = Job::read(&folder.join("p.toml")).expect("a plan");
    assert_eq!(run(&job, &out, Shard::WHOLE), 6);
    assert_eq!(job.pending(&out, Shard::WHOLE).0.len(), 0);
    // The folder has all that it was made from.
    fs::remove_file(folder.join("a.csv")).expect("it is there");
    let (_, cells) = parts(std::slice::from_ref(&out)).expect("the folder is whole");
    assert_eq!(cells.len(), 2);
    // Another trace, other cells.
    write("a.csv", &trace("received"));
    let other = Job::read(&folder.join("p.toml")).expect("a plan");
    let (pending, stale) = other.pending(&out, Shard::WHOLE);
    assert_eq!((pending.len(), stale), (2, 2));
    write("a.csv", "seconds,fate\n0,dropped\n");
    let error = format!("{:#}", Job::read(&folder.join("p.toml")).err().expect("a bad trace"));
    assert!(error.contains("link.loss_trace.file: a.csv:2: "), "{error}");
}

#[test]
fn a_report_takes_away_what_an_earlier_one_left_and_nothing_of_others() {
    let folder = folder("kept");
    let job = job(PLAN, "s");
    run(&job, &folder, Shard::WHOLE);
    // No node has a radio: these are of an earlier plan.
    for name in ["energy_by_state.csv", "precious.csv"] {
        fs::write(folder.join(name), "1,2\n").expect("a file");
    }
    let files = report(&job, std::slice::from_ref(&folder), &folder);
    let is_there = |wanted: &str| files.iter().any(|(name, _)| name == wanted);
    assert!(is_there("precious.csv") && is_there("runs.csv"));
    assert!(!is_there("energy_by_state.csv"));
    fs::remove_dir_all(&folder).expect("a folder");
}

#[test]
fn a_cell_that_is_broken_is_named_unless_another_folder_has_it_whole() {
    let (cut, whole) = (folder("cut"), folder("whole"));
    let job = job(PLAN, "s");
    for folder in [&cut, &whole] {
        run(&job, folder, Shard::WHOLE);
    }
    let (first, second) = (cell_path(&cut, 0), cell_path(&cut, 1));
    let text = fs::read_to_string(&first).expect("a cell");
    let other_seeds = text.replacen(r#"{"seed":1,"#, r#"{"seed":7,"#, 1);
    assert_ne!(other_seeds, text);
    fs::write(&first, other_seeds).expect("a file");
    fs::write(&second, &text[..text.len() / 2]).expect("a file");
    fs::remove_file(cell_path(&cut, 3)).expect("a cell");
    let error = parts(std::slice::from_ref(&cut)).err().expect("refused").to_string();
    let lines: Vec<&str> = error.lines().collect();
    let broken = |path: &Path| format!("{}: broken (", path.display());
    assert!(lines[0].starts_with(&(broken(&first) + "expected a run for each of the plan's")));
    assert!(lines[1].starts_with(&(broken(&second) + "EOF while parsing")), "{error}");
    assert_eq!(lines[2..], ["1 cells are missing: 3"]);
    assert!(parts(&[cut.clone(), whole.clone()]).is_ok());
    for folder in [cut, whole] {
        fs::remove_dir_all(&folder).expect("a folder");
    }
}

#[test]
fn a_list_that_is_cut_says_so() {
    let numbers = |count: usize| (1..=count).map(|n| n.to_string()).collect::<Vec<_>>();
    assert_eq!(first_ten(&numbers(2), ", "), "1, 2");
    assert_eq!(first_ten(&numbers(11), ", "), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...");
}

#[test]
fn replays_of_one_seed_in_different_cells_have_different_folders() {
    let job = job(PLAN, "s");
    let of = |cell: usize| job.replay(&job.planned[cell], 2, None);
    assert_eq!(
        of(3),
        "cargo xtask simulate x.toml --seed 2 --set node.device.retransmission=coap --set link.loss=30% \
         --out target/sim/p-00003/2"
    );
    assert!(of(1).ends_with(" --out target/sim/p-00001/2"), "{}", of(1));
    let one = job.replay(&job.planned[1], 2, Some(17));
    assert!(one.ends_with(" --node 17 --out target/sim/p-00001/2-node-17"), "{one}");
}
