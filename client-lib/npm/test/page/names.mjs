// The names of the checks that only a page can make, for who can't load them.
export const names = [
  "a message event has the server's origin",
  "coming online ends a wait",
  "coming back from the back-forward cache ends a wait",
  "a page that is hidden feeds the socket's own buffer",
  "a port that browsers block ends an attempt at once, also when closed meanwhile",
  "a connection that the page's policy forbids ends an attempt at once, or is thrown",
];
