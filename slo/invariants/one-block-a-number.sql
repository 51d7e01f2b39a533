-- name: one-block-a-number
-- severity: page
-- owner: data
-- grace: 0s
-- description: No key block has the number of a data block of the same chain.
SELECT data.dataset_id AS subject,
    count(*) || ' numbers stand for two blocks, the first is ' || min(data.sequence_number)
        AS detail
FROM dataset_data_blocks AS data
JOIN dataset_key_blocks AS other
    ON other.dataset_id = data.dataset_id AND other.sequence_number = data.sequence_number
GROUP BY data.dataset_id;
