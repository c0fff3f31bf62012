-- The language that somebody chose; NULL leaves it to each browser.
ALTER TABLE users ADD COLUMN locale text;
