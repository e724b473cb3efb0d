// The names of the checks of the session that only a page can make, for who can't load them.
export const names = [
  "a session publishes, reads, sends and calls in a page",
  "coming online ends a wait",
  "a page that is hidden acknowledges at once",
  "a closed session leaves no listener on the page",
  "a database or a lock that never answers keeps no session from its page",
  "a second session under a name that is in use is one of its own",
  "what was published and not answered before a reload is in the channel once",
  "what is published in the turn in which the page is left is in the channel once",
  "the identity outlives the reload, and the numbers go on",
  "a kept session that was closed is over for the next page as well",
];
