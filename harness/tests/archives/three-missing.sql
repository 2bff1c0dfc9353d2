-- A role, an extension and a tablespace that the target lacks.
CREATE ROLE auditor;
CREATE EXTENSION codebook;
INSERT INTO code VALUES (9001, 'mine', true);
CREATE TABLE parcels (id int PRIMARY KEY, weight numeric) TABLESPACE fast_ssd;
ALTER TABLE parcels ENABLE ROW LEVEL SECURITY;
CREATE POLICY audits ON parcels FOR SELECT TO auditor USING (true);
INSERT INTO parcels SELECT i, i FROM generate_series(1, 400) i;
