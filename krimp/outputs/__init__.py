"""What a run leaves behind, and how it is read: run folders, summaries, reports, listings, life stories, comparisons."""
