-- name: head-is-tip
-- severity: page
-- owner: data
-- grace: 0s
-- description: The head of a chain is its last block, by number and by hash.
SELECT reference.dataset_id AS subject,
    'head is block ' || reference.sequence_number || ', the last block is '
        || coalesce(CAST(tip.last AS text), 'missing') AS detail
FROM dataset_references AS reference
LEFT JOIN (
    SELECT dataset_id, max(last) AS last
    FROM (
        SELECT dataset_id, max(sequence_number) AS last
        FROM dataset_key_blocks GROUP BY dataset_id
        UNION ALL
        SELECT dataset_id, max(sequence_number)
        FROM dataset_data_blocks GROUP BY dataset_id
    ) AS parts
    GROUP BY dataset_id
) AS tip ON tip.dataset_id = reference.dataset_id
WHERE reference.block_ref_name = 'head'
    AND (
        tip.last IS NULL
        OR tip.last <> reference.sequence_number
        OR NOT (
            EXISTS (
                SELECT 1 FROM dataset_data_blocks AS block
                WHERE block.dataset_id = reference.dataset_id
                    AND block.sequence_number = reference.sequence_number
                    AND block.block_hash = reference.block_hash
            )
            OR EXISTS (
                SELECT 1 FROM dataset_key_blocks AS block
                WHERE block.dataset_id = reference.dataset_id
                    AND block.sequence_number = reference.sequence_number
                    AND block.block_hash = reference.block_hash
            )
        )
    );
