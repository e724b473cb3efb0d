//! The people: who is who by secret, under which name, and what each has said already.

use std::collections::{HashMap, VecDeque};

use demo_messages::chat::{Author, Key};

use super::room::Taken;

/// Somebody the server remembers.
#[derive(Debug)]
pub(crate) struct Person {
    secret: String,
    name: String,
    /// Connections at present.
    tabs: usize,
    /// Grows with every arrival, so that the one away for longest can be found.
    seen: u64,
    /// The newest messages by key, oldest first.
    said: VecDeque<(Key, Taken)>,
    keys: usize,
}

impl Person {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// Remembers a message, and forgets the oldest when there are too many.
    pub(crate) fn said(&mut self, key: Key, taken: Taken) {
        self.said.push_back((key, taken));
        if self.said.len() > self.keys {
            self.said.pop_front();
        }
    }
}

/// Everybody the server remembers.
#[derive(Debug)]
pub(crate) struct People {
    by_author: HashMap<Author, Person>,
    by_secret: HashMap<String, Author>,
    next: u32,
    clock: u64,
    max: usize,
    keys: usize,
}

impl People {
    pub(crate) fn new(max: usize, keys: usize) -> Self {
        Self { by_author: HashMap::new(), by_secret: HashMap::new(), next: 1, clock: 0, max, keys }
    }

    pub(crate) fn get(&self, author: Author) -> Option<&Person> {
        self.by_author.get(&author)
    }

    pub(crate) fn get_mut(&mut self, author: Author) -> Option<&mut Person> {
        self.by_author.get_mut(&author)
    }

    pub(crate) fn already_said(&self, author: Author, key: Key) -> Option<Taken> {
        let person = self.get(author)?;
        // The newest first: a message that comes again is most often one of the last.
        person.said.iter().rev().find(|(said, _)| *said == key).map(|(_, taken)| *taken)
    }

    /// A connection of the person with this secret came, under this name. True if a person who was known
    /// already has another name now.
    pub(crate) fn arrive(&mut self, secret: &str, name: &str) -> (Author, bool) {
        self.clock += 1;
        if let Some(author) = self.by_secret.get(secret).copied()
            && let Some(person) = self.by_author.get_mut(&author)
        {
            person.tabs += 1;
            person.seen = self.clock;
            let renamed = person.name != name;
            person.rename(name);
            return (author, renamed);
        }
        self.forget_one();
        let author = Author(self.next);
        self.next = self.next.wrapping_add(1);
        let person = Person {
            secret: secret.to_owned(),
            name: name.to_owned(),
            tabs: 1,
            seen: self.clock,
            said: VecDeque::new(),
            keys: self.keys,
        };
        self.by_author.insert(author, person);
        self.by_secret.insert(secret.to_owned(), author);
        (author, false)
    }

    /// A connection of a person ended.
    pub(crate) fn depart(&mut self, author: Author) {
        if let Some(person) = self.by_author.get_mut(&author) {
            person.tabs = person.tabs.saturating_sub(1);
        }
    }

    /// Forgets the absent person who was away for longest, when there are as many as may be. Those present
    /// are bounded by the connections.
    fn forget_one(&mut self) {
        if self.by_author.len() < self.max {
            return;
        }
        let oldest = self
            .by_author
            .iter()
            .filter(|(_, person)| person.tabs == 0)
            .min_by_key(|(_, person)| person.seen)
            .map(|(author, _)| *author);
        if let Some(person) = oldest.and_then(|author| self.by_author.remove(&author)) {
            self.by_secret.remove(&person.secret);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_secret_is_the_same_person() {
        let mut people = People::new(10, 10);
        let (ada, _) = people.arrive("secret-of-ada", "Ada");
        assert_eq!(people.arrive("secret-of-ada", "Ada L."), (ada, true));
        assert_ne!(people.arrive("another-secret", "Ada").0, ada);
        assert_eq!(people.get(ada).map(Person::name), Some("Ada L."));
    }

    #[test]
    fn only_the_absent_are_forgotten_the_longest_absent_first() {
        let mut people = People::new(2, 10);
        let (first, _) = people.arrive("first", "First");
        let (second, _) = people.arrive("second", "Second");
        people.depart(second);
        people.arrive("third", "Third");
        assert!(people.get(first).is_some() && people.get(second).is_none());
        assert_ne!(people.arrive("second", "Second").0, second);
    }

    #[test]
    fn a_key_is_known_again_as_long_as_it_is_among_the_newest() {
        let mut people = People::new(2, 2);
        let (author, _) = people.arrive("first", "First");
        for key in 1..=3 {
            people.get_mut(author).unwrap().said(Key(key), Taken { id: u64::from(key), at_ms: 0 });
        }
        assert_eq!(people.already_said(author, Key(3)).map(|taken| taken.id), Some(3));
        assert!(people.already_said(author, Key(1)).is_none());
    }
}
