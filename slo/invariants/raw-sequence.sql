-- name: raw-sequence
-- severity: ticket
-- owner: data
-- grace: 1m
-- needs: census
-- description: The events of a source that numbers them are stored from 1 to the last without a
--   gap, except for dead letters, and for as many as those who store have shed, let expire or
--   skipped. A log is numbered by its lines, not all of which are events, so
--   only the streams of the shopper model are checked, when they have been quiet for the grace
--   period. A subscription with a filter leaves gaps.
SELECT source AS subject,
    last_sequence - sequences - refused || ' of the events 1 to ' || last_sequence
        || ' are missing, the first may be ' || first_gap AS detail
FROM raw_census_sources
WHERE latest_ns <= :cutoff_ns
    AND last_sequence - sequences > refused + (
        SELECT coalesce(sum(last_position - first_position + 1), 0) FROM dropped_messages
        WHERE subscription NOT IN (SELECT subscription FROM counting_owners)
    );
