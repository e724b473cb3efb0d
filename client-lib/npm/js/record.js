/** A record for a log, with its fields in a line for a person. */
export const recordOf = (type, fields) => ({
  type,
  message: [type, ...Object.entries(fields).map(([name, value]) => `${name}=${printable(value)}`)].join(" "),
  ...fields,
});

/** Without line breaks and other control characters, since a reason is the peer's. */
const printable = (value) => String(value).replace(/[\p{Cc}\u2028\u2029]/gu, "\ufffd");

/** Calls the application's log, which may throw, or be asynchronous and fail later. */
export const logTo = (log, record, report) => void new Promise((resolve) => resolve(log(record))).catch(report);
