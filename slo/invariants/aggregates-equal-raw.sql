-- name: aggregates-equal-raw
-- severity: page
-- owner: data
-- grace: 5m
-- needs: census
-- description: Each hour's window, and the one over all time, is the sum of those raw events that
--   were counted, each once. While events are being counted, or not stored yet, only hours are checked that
--   end ten minutes before the watermark, and none if a log was ever replayed.
WITH state AS (
    SELECT settled_ns,
        CASE WHEN unstored <= 0 AND census.counted = (
            SELECT coalesce(sum(view_item_list + view_item + search + add_to_cart + remove_from_cart
                + begin_checkout + purchase + refund + custom_events), 0)
            FROM window_aggregates WHERE grain = 'all' AND category = ''
        )
            THEN 1 ELSE 0 END AS rests
    FROM raw_census AS census
),
late AS (
    SELECT time_ns - ((time_ns % 3600000000000) + 3600000000000) % 3600000000000 AS start_ns, count(*) AS events
    FROM late_events WHERE missed_grain IN ('1h', '1d', '1mo')
    GROUP BY 1
),
differences AS (
    SELECT grain, start_ns, currency,
        sum(view_item_list) AS a, sum(view_item) AS b, sum(search) AS c, sum(add_to_cart) AS d,
        sum(remove_from_cart) AS e, sum(begin_checkout) AS f, sum(purchase) AS g,
        sum(refund) AS h, sum(units) AS i, sum(revenue) AS j, sum(refunded) AS k,
        sum(order_parts) AS l, sum(custom_events) AS m
    FROM (
        SELECT grain, start_ns, currency, view_item_list, view_item, search, add_to_cart,
        remove_from_cart, begin_checkout, purchase, refund, units, revenue, refunded, order_parts,
        custom_events
        FROM window_aggregates WHERE grain IN ('1h', 'all') AND category = ''
        UNION ALL
        SELECT '1h', start_ns, currency, -view_item_list, -view_item, -search, -add_to_cart,
        -remove_from_cart, -begin_checkout, -purchase, -refund, -units, -revenue, -refunded,
        -order_parts, -custom_events
        FROM raw_census_hours
        UNION ALL
        SELECT 'all', 0, currency, -view_item_list, -view_item, -search, -add_to_cart,
        -remove_from_cart, -begin_checkout, -purchase, -refund, -units, -revenue, -refunded,
        -order_parts, -custom_events
        FROM raw_census_hours
    ) AS sides
    GROUP BY grain, start_ns, currency
),
judged AS (
    SELECT differences.*, coalesce(late.events, 0) AS late
    FROM differences
    CROSS JOIN state
    LEFT JOIN late ON late.start_ns = differences.start_ns AND differences.grain = '1h'
    WHERE state.rests = 1
        OR (differences.grain = '1h' AND differences.start_ns + 3600000000000 <= state.settled_ns)
),
kept AS (
    SELECT DISTINCT grain FROM window_aggregates
    WHERE NOT EXISTS (
        SELECT 1 FROM kept_parts AS parts
        WHERE parts.part = window_aggregates.grain AND (parts.is_kept = 0 OR parts.missing > 0)
    )
    UNION SELECT 'all'
)
SELECT grain || ' ' || start_ns || CASE WHEN currency = '' THEN '' ELSE ' ' || currency END
        AS subject,
    'it has ' || (a + b + c + d + e + f + g + h + m) || ' events, ' || i || ' units, ' || j
        || ' of revenue, ' || k || ' refunded and ' || l || ' parts of orders more than the raw events'
        AS detail
FROM judged
WHERE late = 0 AND grain IN (SELECT grain FROM kept)
    AND (
        a <> 0 OR b <> 0 OR c <> 0 OR d <> 0 OR e <> 0 OR f <> 0 OR g <> 0 OR h <> 0 OR i <> 0
        OR j <> 0 OR k <> 0 OR l <> 0 OR m <> 0
    )
UNION ALL
SELECT grain || ' ' || start_ns,
    'it has ' || -sum(a + b + c + d + e + f + g + h + m) || ' events less than the raw events, and '
        || max(late) || ' came too late'
FROM judged
WHERE late > 0 AND grain IN (SELECT grain FROM kept)
GROUP BY grain, start_ns
HAVING sum(a + b + c + d + e + f + g + h + m) + max(late) <> 0;
