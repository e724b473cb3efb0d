/** A record for a log, with its fields in a line for a person. */
export const recordOf = (type, fields) => ({
  type,
  message: [type, ...Object.entries(fields).map(([name, value]) => `${name}=${value}`)].join(" "),
  ...fields,
});
