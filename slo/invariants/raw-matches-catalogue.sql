-- name: raw-matches-catalogue
-- severity: page
-- owner: data
-- grace: 0s
-- needs: census
-- description: The raw stores hold no fewer events than the blocks of the root datasets say. A
--   census must cover all raw stores.
SELECT 'raw events' AS subject,
    'the catalogue says ' || recorded || ', and there are ' || events AS detail
FROM raw_census
WHERE events < recorded;
