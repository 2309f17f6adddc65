# Tells the variables of an R session, or one of them and what is in it, as JSON. Evaluated in an environment of its own that
# has `wanted`: nothing here touches the session's own names.
wanted <- jsonlite::fromJSON(wanted, simplifyVector = FALSE)

short <- function(value, limit) {
    shown <- tryCatch(
        if (is.function(value)) paste0("function(", paste(names(formals(args(value))), collapse = ", "), ")")
        else if (is.atomic(value) && is.null(dim(value)) && length(value) <= 20) paste(deparse(value), collapse = " ")
        else trimws(paste(utils::capture.output(utils::str(value, max.level = 1, give.attr = FALSE, vec.len = 4, list.len = 10)),
            collapse = "\n")),
        error = function(e) paste0("<cannot be shown: ", conditionMessage(e), ">"))
    substr(shown, 1, limit)
}

is_open <- function(value) is.list(value) || is.environment(value)

child_names <- function(value, most) {
    if (is.environment(value)) return(paste0("$", utils::head(ls(value), most)))
    count <- min(length(value), most)
    labels <- names(value)
    vapply(seq_len(count), function(i) {
        if (is.null(labels) || is.na(labels[[i]]) || labels[[i]] == "") paste0("[[", i, "]]") else paste0("$", labels[[i]])
    }, character(1))
}

child <- function(value, step) {
    if (!is_open(value)) return(NULL)
    if (startsWith(step, "$")) {
        key <- substring(step, 2)
        if (is.environment(value)) {
            if (exists(key, value, inherits = FALSE)) list(get(key, value, inherits = FALSE)) else NULL
        } else if (key %in% names(value)) list(value[[key]]) else NULL
    } else {
        index <- suppressWarnings(as.integer(gsub("[^0-9]", "", step)))
        if (!is.na(index) && index >= 1 && index <= length(value)) list(value[[index]]) else NULL
    }
}

describe <- function(name, value) {
    size <- dim(value)
    labels <- if (is.list(value) && !is.null(names(value))) I(as.list(utils::head(names(value), 20))) else NULL
    list(
        name = substr(name, 1, wanted$max_item),
        type = class(value)[[1]],
        value = short(value, wanted$max_item),
        size = as.numeric(utils::object.size(value)),
        expandable = is_open(value) && length(value) > 0,
        shape = if (is.null(size)) NULL else I(as.list(as.numeric(size))),
        dtype = if (is.atomic(value) && !is.null(value)) typeof(value) else NULL,
        length = if (is.function(value)) NULL else as.numeric(length(value)),
        keys = labels)
}

told <- if (is.null(wanted$name)) {
    found <- ls(globalenv())
    shown <- utils::head(found, wanted$max_items)
    list(
        variables = I(lapply(shown, function(name) describe(name, get(name, globalenv())))),
        truncated = length(found) > length(shown))
} else {
    held <- if (exists(wanted$name, globalenv(), inherits = FALSE)) list(get(wanted$name, globalenv())) else NULL
    for (step in wanted$path) if (!is.null(held)) held <- child(held[[1]], step)
    if (!is.null(held)) {
        value <- held[[1]]
        inside <- if (is_open(value)) child_names(value, wanted$max_children) else character(0)
        last <- if (length(wanted$path) > 0) wanted$path[[length(wanted$path)]] else wanted$name
        list(
            variable = describe(last, value),
            fullValue = short(value, wanted$max_value),
            children = I(lapply(inside, function(step) describe(step, child(value, step)[[1]]))),
            truncated = is_open(value) && length(value) > length(inside))
    }
}
cat("\036", jsonlite::toJSON(told, auto_unbox = TRUE, null = "null", digits = NA), "\036", sep = "")
