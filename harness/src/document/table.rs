//! A table, built column by column from the values that it shows.

/// How the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// A column with its cells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) heading: String,
    pub(super) align: Align,
    /// Columns with higher numbers go first where the terminal is narrow; 0
    /// stays.
    pub(super) dispensable: u8,
    pub(super) cells: Vec<String>,
}

/// A heading for rows that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Groups {
    pub(super) heading: String,
    /// The group of each row.
    pub(super) names: Vec<String>,
}

/// A finished table: every column has a cell for each row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    pub(super) columns: Vec<Column>,
    pub(super) groups: Option<Groups>,
    /// For each row, whether it is the one to look at.
    pub(super) strong: Vec<bool>,
    /// What has to be known to read the table, shown below it.
    pub(super) notes: Vec<String>,
}

impl Grid {
    pub(super) fn row_count(&self) -> usize {
        self.strong.len()
    }
}

/// A table in the making: one row per value.
#[derive(Debug)]
pub struct Table<T> {
    rows: Vec<T>,
    grid: Grid,
}

impl<T> Table<T> {
    /// A table of `rows` that has no columns yet.
    pub fn of(rows: impl IntoIterator<Item = T>) -> Self {
        let rows: Vec<T> = rows.into_iter().collect();
        let strong = vec![false; rows.len()];
        let grid = Grid { columns: Vec::new(), groups: None, strong, notes: Vec::new() };
        Self { rows, grid }
    }

    /// Adds a column of text: to the left, wrapped where the terminal is narrow.
    #[must_use]
    pub fn text(self, heading: impl Into<String>, cell: impl Fn(&T) -> String) -> Self {
        self.column(heading.into(), Align::Left, cell)
    }

    /// Adds a column of numbers: to the right, never wrapped.
    #[must_use]
    pub fn number(self, heading: impl Into<String>, cell: impl Fn(&T) -> String) -> Self {
        self.column(heading.into(), Align::Right, cell)
    }

    fn column(mut self, heading: String, align: Align, cell: impl Fn(&T) -> String) -> Self {
        let cells = self.rows.iter().map(cell).collect();
        self.grid.columns.push(Column { heading, align, dispensable: 0, cells });
        self
    }

    /// Lets the last column go where the terminal is narrow: those with the
    /// highest `rank` go first.
    #[must_use]
    pub fn dispensable(mut self, rank: u8) -> Self {
        if let Some(column) = self.grid.columns.last_mut() {
            column.dispensable = rank;
        }
        self
    }

    /// Puts rows that follow each other under the name of their group.
    #[must_use]
    pub fn grouped(mut self, heading: &str, name: impl Fn(&T) -> String) -> Self {
        let names = self.rows.iter().map(name).collect();
        self.grid.groups = Some(Groups { heading: heading.to_owned(), names });
        self
    }

    #[must_use]
    pub fn strong(mut self, is_strong: impl Fn(&T) -> bool) -> Self {
        self.grid.strong = self.rows.iter().map(is_strong).collect();
        self
    }

    /// Adds a line below the table.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.grid.notes.push(text.into());
        self
    }

    pub(super) fn into_grid(self) -> Grid {
        self.grid
    }
}
