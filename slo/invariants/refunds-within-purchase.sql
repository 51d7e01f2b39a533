-- name: refunds-within-purchase
-- severity: ticket
-- owner: shop
-- grace: 10m
-- needs: census
-- description: The refunds of an order do not exceed its purchase. If
--   an event of the source is a dead letter, that may have been the purchase.
SELECT source || ' ' || transaction_id || ' ' || currency AS subject,
    'refunded is ' || refunded || ', and '
        || CASE WHEN purchases = 0 THEN 'there is no purchase' ELSE 'bought for ' || purchased END
        AS detail
FROM raw_census_refunds AS refund
WHERE refunded > purchased AND latest_ns <= :cutoff_ns
    AND (
        purchases > 0
        OR NOT EXISTS (SELECT 1 FROM dead_letters AS letter WHERE letter.source = refund.source)
    );
