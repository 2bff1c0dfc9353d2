-- Row level security that holds for the owner too.
CREATE TABLE secret (id int PRIMARY KEY, who text);
INSERT INTO secret SELECT i, 'w' FROM generate_series(1, 100) i;
ALTER TABLE secret ENABLE ROW LEVEL SECURITY; ALTER TABLE secret FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON secret USING (who = current_user);
CREATE TABLE plain (id int PRIMARY KEY); INSERT INTO plain SELECT generate_series(1, 50);
