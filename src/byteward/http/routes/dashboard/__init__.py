"""Operations of the dashboard's own pages: they take its cookie and nothing else."""
