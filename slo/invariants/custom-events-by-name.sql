-- name: custom-events-by-name
-- severity: page
-- owner: data
-- grace: 0s
-- description: Each window holds as many custom events as those of each name in it add up to.
SELECT grain || ' ' || start_ns AS subject,
    'it has ' || sum(events) || ' custom events, and ' || sum(named) || ' by name' AS detail
FROM (
    SELECT grain, start_ns, custom_events AS events, 0 AS named
    FROM window_aggregates WHERE category = ''
    UNION ALL
    SELECT grain, start_ns, 0, events FROM window_events
) AS sides
GROUP BY grain, start_ns
HAVING sum(events) <> sum(named);
