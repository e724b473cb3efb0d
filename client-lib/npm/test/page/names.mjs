// The names of the checks that only a page can make, for who can't load them.
export const names = [
  "a message event has the server's origin",
  "coming online ends a wait",
  "coming back from the back-forward cache ends a wait",
  "a page hidden for long makes no attempts and comes back when it is visible",
  "a connection of a page hidden for long is closed on request, and what is sent meanwhile waits",
  "a page in the back-forward cache has no connection",
  "an end after beforeunload is told a second later",
  "a clock that moves asks a live connection once and ends a dead one",
  "a server that answers although the browser says offline is back at once",
  "retries while offline do not count, and online begins the count again",
  "a change of the network asks whether the connection lives",
  "a connection is renewed after a long absence",
  "a page that is hidden feeds the socket's own buffer",
  "a port that browsers block ends an attempt at once, also when closed meanwhile",
  "a connection that the page's policy forbids ends an attempt at once, or is thrown",
];
