//! What is said of answers, rule by rule: a text on either side of every limit, and what is said of it, word for word.

mod answers;
mod boilerplate;
mod demands;
mod desk;
mod dump;
mod facts;
mod gates;
mod insights;
mod own_prompt;
mod placeholder;
mod proxies;
mod words;
