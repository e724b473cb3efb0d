//! The fault: what an error of SQLite means for whoever asked.

use rusqlite::ErrorCode;

use crate::log::LogError;

impl From<rusqlite::Error> for LogError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let text = || error.to_string().into();
        match &error {
            E::FromSqlConversionFailure(..) | E::IntegralValueOutOfRange(..) | E::InvalidColumnType(..) => {
                Self::Corrupt(text())
            }
            E::Utf8Error(..) | E::QueryReturnedNoRows => Self::Corrupt(text()),
            _ => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Self::Full,
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation) => Self::Corrupt(text()),
                Some(ErrorCode::NotADatabase) => Self::Foreign(text()),
                _ => Self::Io(text()),
            },
        }
    }
}
