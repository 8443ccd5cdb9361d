//! Lost replies, cut connections, a server that crashes or says nothing, and what is configured wrong.

use std::{sync::Arc, time::Instant};

use pmcp_tasks::{
    TaskStore,
    store::{
        StoreError,
        backend::{Create, Merged, Recorded, Written},
    },
};

use super::{
    link::{Link, State},
    *,
};

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_write_whose_reply_was_lost_is_made_once() {
    block_on(async {
        let url = format!("{}&connections=1", url(NEWEST, &fresh()));
        let (link, direct) = (Link::to(&url).await, open(&url).await);
        let backend = open(&link.url(&url)).await;
        let new = NewTask { quota: 1, ..task(1) };
        let key = &new.key;

        warm(&backend, 1).await;
        let lost = link.lose(backend.create(&new, NOW), async || read(&direct, key).await.is_some()).await;
        assert!(lost.unwrap_err().is_retryable());
        assert_eq!(insist(|| backend.create(&new, NOW)).await, Create::Replayed);

        let counted =
            Merge { ops: vec![("n".into(), FieldOp::SetIf { was: None, value: "1".into() })], ..merge("n", "") };
        warm(&backend, 2).await;
        let lost =
            link.lose(backend.merge(key, &counted, NOW), async || !variables(&direct, key).await.is_empty()).await;
        assert!(lost.unwrap_err().is_retryable());
        assert_eq!(insist(|| backend.merge(key, &counted, NOW)).await, Merged::Replayed);

        let fetched = step("fetch", "1");
        warm(&backend, 3).await;
        let is_there = async || !read(&direct, key).await.unwrap().steps.unwrap().is_empty();
        assert!(link.lose(backend.record(key, &fetched, NOW), is_there).await.unwrap_err().is_retryable());
        assert_eq!(insist(|| backend.record(key, &fetched, NOW)).await, Recorded::Exists("1".into()));

        for (n, write) in [(4, put(1)), (5, seal(2))] {
            warm(&backend, n).await;
            let version = write.version + 1;
            let is_there = async || read(&direct, key).await.unwrap().version == version;
            assert!(link.lose(backend.put(key, &write, NOW), is_there).await.unwrap_err().is_retryable());
            let again = insist(|| backend.put(key, &write, NOW)).await;
            assert!(matches!(&again, Written::Replayed(task) if task.version == version), "{again:?}");
        }
        assert_eq!(insist(|| backend.create(&new, NOW)).await, Create::Replayed);
    });
}

/// Has every statement prepared on the connection: that takes an answer, too.
async fn warm(backend: &PostgresBackend, n: u32) {
    let new = task_of(1, n);
    insist(|| backend.create(&new, NOW)).await;
    backend.merge(&new.key, &merge("a", "1"), NOW).await.unwrap();
    backend.record(&new.key, &step("a", "1"), NOW).await.unwrap();
    backend.put(&new.key, &put(1), NOW).await.unwrap();
    backend.put(&new.key, &seal(2), NOW).await.unwrap();
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn cut_connections_are_survived_in_seconds() {
    block_on(async {
        let url = url(NEWEST, &fresh());
        let link = Link::to(&url).await;
        let backend = open(&link.url(&url)).await;
        let other = open(&url).await;
        backend.create(&task(1), NOW).await.unwrap();
        let (key, mut feed) = (task(1).key, backend.feed(&worker(1)).unwrap());
        for round in 0..3_u8 {
            link.cut().await;
            let begun = Instant::now();
            let name = format!("round {round}");
            let written = merge(&name, "1");
            assert!(matches!(insist(|| backend.merge(&key, &written, NOW)).await, Merged::Done | Merged::Replayed));
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
            // Hints come again: what was missed, and what is new.
            feed.interest.send((task(1).key, true)).unwrap();
            let hinted = async {
                loop {
                    other.merge(&task(1).key, &merge("other", "1"), NOW).await.unwrap();
                    let hint = tokio::time::timeout(Duration::from_millis(100), feed.hints.recv());
                    if let Ok(hint) = hint.await {
                        return hint.unwrap();
                    }
                }
            };
            assert_eq!(tokio::time::timeout(Duration::from_secs(5), hinted).await.unwrap(), task(1).key);
            feed.interest.send((task(1).key, false)).unwrap();
        }
        assert_eq!(variables(&backend, &task(1).key).await.len(), 4);
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_server_that_says_nothing_is_given_up_in_time_and_found_again() {
    block_on(async {
        let url = url(NEWEST, &fresh());
        let link = Link::to(&url).await;
        let backend = Arc::new(open(&format!("{}&connections=2", link.url(&url))).await);
        backend.create(&task(1), NOW).await.unwrap();
        link.set(State::Stuck);
        let begun = Instant::now();
        // More than there are connections: those who wait for one are told in the same time.
        let calls: Vec<_> = (0..6)
            .map(|n| {
                let backend = backend.clone();
                tokio::spawn(async move {
                    if n % 2 == 0 {
                        backend.put(&task(1).key, &put(1), NOW).await.unwrap_err()
                    } else {
                        backend.create(&task(n), NOW).await.unwrap_err()
                    }
                })
            })
            .collect();
        for call in calls {
            let error = call.await.unwrap();
            assert!(error.is_retryable(), "{error:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
        link.set(State::Open);
        let begun = Instant::now();
        let key = task(1).key;
        let write = put(insist(|| backend.get(&key, Parts::empty(), NOW)).await.unwrap().version);
        insist(|| backend.put(&key, &write, NOW)).await;
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn killed_backends_cost_nothing_but_tries() {
    block_on(async {
        let schema = fresh();
        let url = url(NEWEST, &schema);
        let marked = format!("{url}&application_name={schema}");
        let backend = Arc::new(open(&marked).await);
        backend.create(&task(1), NOW).await.unwrap();
        let killer = raw(&server(NEWEST)).await;
        let killing = tokio::spawn(async move {
            for _ in 0..30 {
                let query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
                killer.query(query, &[&schema]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        });
        count_to(&backend, 4, 60).await;
        killing.await.unwrap();
    });
}

#[test]
#[ignore = "needs a PostgreSQL to crash: `cargo xtask services`"]
fn a_server_that_crashes_loses_nothing_that_was_answered() {
    block_on(async {
        let url = url(CRASHING, &fresh());
        let backend = Arc::new(open(&url).await);
        backend.create(&task(1), NOW).await.unwrap();
        let crashing = tokio::spawn(async move {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_millis(300)).await;
                // One killed process makes the server end all others and recover from its log.
                let client = loop {
                    if let Ok((client, connection)) =
                        tokio_postgres::connect(&server(CRASHING), tokio_postgres::NoTls).await
                    {
                        tokio::spawn(connection);
                        break client;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                };
                // Its own end is the answer.
                let _ = client
                    .batch_execute(
                        "DO $$ BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM ''kill -9 %s''', pg_backend_pid()); END $$",
                    )
                    .await;
            }
        });
        count_to(&backend, 4, 60).await;
        crashing.await.unwrap();
        let (key, ended) = (task(1).key, seal(1));
        insist(|| backend.put(&key, &ended, NOW)).await;
        assert!(!insist(|| backend.get(&key, Parts::all(), NOW)).await.unwrap().open);
    });
}

/// Adds one to a variable so many times from so many callers at once, each add tried until it is answered: none is lost and none
/// made twice.
async fn count_to(backend: &Arc<PostgresBackend>, callers: u64, each: u64) {
    let key = task(1).key;
    let adding: Vec<_> = (0..callers)
        .map(|caller| {
            let (backend, key) = (backend.clone(), key.clone());
            tokio::spawn(async move {
                let field = format!("count {caller}");
                for n in 0..each {
                    let was = (n > 0).then(|| Bytes::from(n.to_string()));
                    let op = FieldOp::SetIf { was, value: Bytes::from((n + 1).to_string()) };
                    let add = Merge { ops: vec![(field.as_str().into(), op)], ..merge("", "") };
                    let merged = insist(|| backend.merge(&key, &add, NOW)).await;
                    assert!(matches!(merged, Merged::Done | Merged::Replayed), "{merged:?}");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            })
        })
        .collect();
    for caller in adding {
        caller.await.unwrap();
    }
    let task = insist(|| backend.get(&key, Parts::all(), NOW)).await.unwrap();
    let counted = task.variables.unwrap();
    assert_eq!(counted.len() as u64, callers);
    for value in counted.into_values() {
        assert_eq!(value, Bytes::from(each.to_string()));
    }
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_default_isolation_changes_no_promise() {
    block_on(async {
        let url = format!("{}&options=-c%20default_transaction_isolation%3Dserializable", url(NEWEST, &fresh()));
        let backend = Arc::new(open(&url).await);
        let creating: Vec<_> = (0..40)
            .map(|n| {
                let backend = backend.clone();
                let new = NewTask { quota: 5, ..task(n) };
                tokio::spawn(async move { backend.create(&new, NOW).await.unwrap() })
            })
            .collect();
        let mut created = 0;
        for create in creating {
            created += usize::from(create.await.unwrap() == Create::Created);
        }
        assert_eq!(created, 5);
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn first_starts_at_once_make_one_store() {
    block_on(async {
        let url = url(NEWEST, &fresh());
        let starting: Vec<_> = (0..8)
            .map(|n| {
                let url = url.clone();
                tokio::spawn(async move {
                    let backend = open(&url).await;
                    backend.create(&task(n), NOW).await.unwrap();
                    backend
                })
            })
            .collect();
        for start in starting {
            start.await.unwrap();
        }
        let page = open(&url).await.page(&task(0).scope.unwrap(), None, 100, NOW).await.unwrap();
        assert_eq!(page.tasks.len(), 8);
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_key_made_anew_under_a_merge_has_nothing_of_its_predecessor() {
    block_on(async {
        let backend = Arc::new(connect(NEWEST).await);
        for _ in 0..20 {
            backend.create(&task(1), NOW).await.unwrap();
            let merging: Vec<_> = (0..8)
                .map(|n| {
                    let backend = backend.clone();
                    let field = format!("field {n}");
                    tokio::spawn(async move { backend.merge(&task(1).key, &merge(&field, "1"), NOW).await.unwrap() })
                })
                .collect();
            assert!(backend.delete(&task(1).key).await.unwrap());
            backend.create(&task(1), NOW).await.unwrap();
            let made = read(&*backend, &task(1).key).await.unwrap();
            let early = made.variables.unwrap().len();
            let mut done = 0;
            for merge in merging {
                let merged = merge.await.unwrap();
                assert!(matches!(merged, Merged::Done | Merged::Missing), "{merged:?}");
                done += usize::from(merged == Merged::Done);
            }
            let left = variables(&*backend, &task(1).key).await.len();
            assert!(early <= left && left <= done, "{early} {left} {done}");
            backend.delete(&task(1).key).await.unwrap();
        }
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn all_connections_taken_by_an_owner_leave_others_theirs() {
    block_on(async {
        let backend = Arc::new(open(&format!("{}&connections=2", url(NEWEST, &fresh()))).await);
        // Both connections are made, and have the statement prepared.
        for n in 0..10 {
            let (one, two) = (task_of(1, n), task_of(2, n));
            let created = tokio::join!(backend.create(&one, NOW), backend.create(&two, NOW));
            assert_eq!((created.0.unwrap(), created.1.unwrap()), (Create::Created, Create::Created));
        }
        let many: Vec<_> = (0..300)
            .map(|n| {
                let backend = backend.clone();
                tokio::spawn(async move { backend.create(&task(n), NOW).await.unwrap() })
            })
            .collect();
        let begun = Instant::now();
        backend.create(&task_of(1, 10), NOW).await.unwrap();
        let other = begun.elapsed();
        for create in many {
            assert_eq!(create.await.unwrap(), Create::Created);
        }
        assert!(other < begun.elapsed() / 2, "{other:?} of {:?}", begun.elapsed());
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn what_is_wrong_is_told_without_secrets() {
    block_on(async {
        let good = url(NEWEST, &fresh());
        let (_, after) = good.rsplit_once('@').unwrap();
        for (url, code) in [
            (format!("postgres://pmcp:geheim@{after}"), "refused"),
            (format!("postgres://nobody:geheim@{after}"), "refused"),
            (format!("postgres://pmcp:geheim@{}", after.replace("/postgres", "/none")), "refused"),
            ("postgres://pmcp:geheim@127.0.0.1:9/postgres".to_owned(), "unavailable"),
            (format!("postgres://pmcp:geheim@{after}&sslmode=require"), "refused"),
            (format!("postgres://pmcp:geheim@{after}&frob=1"), "url"),
        ] {
            let error = TaskStore::connect(&url).await.unwrap_err();
            assert_eq!(error.code(), code, "{error:?}");
            assert!(!whole(&error).contains("geheim"), "{error:?}");
        }
    });
}

/// An error with its causes, as text and as programmers see it.
fn whole(error: &StoreError) -> String {
    let mut text = format!("{error:?} {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text} {error:?} {error}");
        cause = error.source();
    }
    text
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_refusal_quotes_nothing_of_what_is_stored() {
    block_on(async {
        let schema = fresh();
        let url = url(NEWEST, &schema);
        let backend = open(&url).await;
        let admin = raw(&server(NEWEST)).await;
        let forbid = format!("ALTER TABLE {schema}.task ADD CHECK (octet_length(head) < 3)");
        admin.batch_execute(&forbid).await.unwrap();
        let new = NewTask { head: "geheim".into(), body: "geheim".into(), ..task(1) };
        let error = backend.create(&new, NOW).await.unwrap_err();
        assert_eq!(error.code(), "refused");
        assert!(!whole(&error).contains("geheim"), "{error:?}");
        admin.batch_execute(&format!("DROP TABLE {schema}.step")).await.unwrap();
        assert_eq!(backend.get(&new.key, Parts::all(), NOW).await.unwrap_err().code(), "refused");
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn tables_of_a_newer_build_are_left_alone() {
    block_on(async {
        let schema = fresh();
        let url = url(NEWEST, &schema);
        open(&url).await;
        let admin = raw(&server(NEWEST)).await;
        admin.batch_execute(&format!("UPDATE {schema}.meta SET version = 3")).await.unwrap();
        open(&url).await;
        admin.batch_execute(&format!("UPDATE {schema}.meta SET oldest = 2")).await.unwrap();
        let error = PostgresBackend::connect(&url).await.unwrap_err();
        assert!(error.code() == "refused" && whole(&error).contains("use the newer build"), "{error:?}");
    });
}

#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn plans_made_on_empty_tables_serve_full_ones() {
    block_on(async {
        let schema = fresh();
        let url = format!("{}&connections=1", url(NEWEST, &schema));
        let backend = open(&url).await;
        // Until the plans are made and kept.
        for n in 0..20 {
            backend.create(&task(n), NOW).await.unwrap();
            backend.put(&task(n).key, &seal(1), NOW).await.unwrap();
            backend.delete(&task(n).key).await.unwrap();
        }
        let admin = raw(&server(NEWEST)).await;
        let fill = format!(
            "INSERT INTO {schema}.task (owner, id, stamp, expires, version, fence, room, holder, open, listed, writes, head, body) \
             SELECT sha256(int4send(n / 10)), md5(n::text)::uuid, n, {}, 1, 1, 1, NULL, true, true, '{{}}', 'head', 'body' \
             FROM generate_series(1, 30000) n",
            NOW.0 + TTL
        );
        admin.batch_execute(&fill).await.unwrap();
        let begun = Instant::now();
        for n in 100..200 {
            backend.create(&task(n), NOW).await.unwrap();
            backend.put(&task(n).key, &seal(1), NOW).await.unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    });
}
