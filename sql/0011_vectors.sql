-- Distances of vectors (contract of float_array queries) for servers without pgvector; with it, its operators measure. Numbers are
-- rounded to single precision, as pgvector keeps them, so both give the same answers.

CREATE OR REPLACE FUNCTION tator.vector_distance(metric text, vector jsonb, center float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE metric
        WHEN 'l2norm' THEN sqrt(sum((a - b) * (a - b)))
        WHEN 'ip' THEN -sum(a * b)
        WHEN 'cosine' THEN CASE WHEN sum(a * a) = 0 OR sum(b * b) = 0 THEN 'NaN'
                                ELSE 1 - greatest(-1, least(1, sum(a * b) / sqrt(sum(a * a) * sum(b * b)))) END
    END
    FROM (SELECT left_side.value::float4::float8 AS a, right_side.value::float4::float8 AS b
          FROM jsonb_array_elements_text(vector) WITH ORDINALITY left_side(value, n)
          JOIN unnest(center) WITH ORDINALITY right_side(value, n) USING (n)) pairs
$$;
