//! Templates of pages and mails, and what they are given of times and devices.

mod assets;
mod current;
mod render;
pub(crate) mod user_agent;

pub(crate) use self::{assets::Asset, current::CurrentTemplates, render::Templates};
