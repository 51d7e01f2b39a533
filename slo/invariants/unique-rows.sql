-- name: unique-rows
-- severity: page
-- owner: data
-- grace: 0s
-- description: A dataset has one head and one row of statistics, and no other has its kind and
--   name. The unique indexes may have been dropped, or be damaged.
SELECT dataset_id AS subject, count(*) || ' references named ' || block_ref_name AS detail
FROM dataset_references
GROUP BY dataset_id, block_ref_name
HAVING count(*) > 1
UNION ALL
SELECT dataset_id, count(*) || ' rows of statistics'
FROM dataset_statistics
GROUP BY dataset_id
HAVING count(*) > 1
UNION ALL
SELECT min(dataset_id), count(*) || ' datasets of kind ' || kind || ' are named ' || dataset_name
FROM dataset_entries
GROUP BY kind, dataset_name
HAVING count(*) > 1;
