"""The pages, one file each: a function per page that gathers what it shows, and the template of the same name."""
