"""Operations of administrators: they take a dashboard user's bearer and nothing else."""
