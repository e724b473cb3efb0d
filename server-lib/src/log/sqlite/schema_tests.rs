//! Migration of stores that older programs have written, made by hand.

use super::*;

fn version_1() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(VERSION_1).unwrap();
    connection.pragma_update(None, "application_id", APPLICATION).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection
}

#[test]
fn a_store_of_version_1_is_migrated_with_all_it_holds() {
    let mut connection = version_1();
    connection
        .execute_batch(
            "INSERT INTO channel VALUES (7, 'room', 3, 1, 900), (8, 'bare', 0, 0, 0);
             INSERT INTO entry VALUES (7, 2, 1, 800, 11, 1, x'0102'), (7, 3, 1, 900, 11, 2, x'');
             INSERT INTO publisher VALUES (1, x'01', 900);",
        )
        .unwrap();
    migrate(&mut connection).unwrap();
    let held = |key: i64| -> (i64, i64) {
        let sql = "SELECT entries, bytes FROM channel WHERE key = ?1";
        connection.query_row(sql, [key], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    assert_eq!(held(7), (2, 130));
    assert_eq!(held(8), (0, 0));
    assert_eq!(check(&connection), Ok(2));
    let entries: i64 = connection.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
    assert_eq!(entries, 2);
}

#[test]
fn a_migrated_store_has_the_same_tables_as_a_new_one() {
    let tables = |connection: &Connection| -> Vec<String> {
        let mut all =
            connection.prepare("SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY 1").unwrap();
        all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut old = version_1();
    migrate(&mut old).unwrap();
    let mut new = Connection::open_in_memory().unwrap();
    migrate(&mut new).unwrap();
    migrate(&mut new).unwrap();
    assert_eq!(tables(&old), tables(&new));
}

#[test]
fn a_newer_store_and_a_foreign_one_are_refused() {
    let mut newer = version_1();
    newer.pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(migrate(&mut newer), Err(LogError::Newer { found: 99, known: 2 }));
    let mut foreign = Connection::open_in_memory().unwrap();
    foreign.execute_batch("CREATE TABLE another (x)").unwrap();
    assert!(matches!(migrate(&mut foreign), Err(LogError::Foreign(_))));
}
