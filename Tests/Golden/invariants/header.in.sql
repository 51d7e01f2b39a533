-- === no header
SELECT 1
-- === a misspelt field
-- nme: x
-- severity: page
SELECT 1
-- === every field wrong
-- name: Upper
-- severity: loud
-- owner:
-- grace: soon
-- needs: raw
-- description:
SELECT 1
-- === a line that is no field
-- what is this
SELECT 1
-- === a field twice
-- name: a
-- name: b
-- severity: page
-- owner: data
-- description: x
SELECT 1
